import { randomBytes } from "node:crypto";
import type { Client } from "../../../request/client.js";
import type { RequestView } from "../../../request/request-view.js";
import { problem } from "../../../engine/responder.js";
import type { Context } from "../../../engine/context.js";
import type { Awaitable } from "../../../awaitable.js";
import type { ChallengeKind, ChallengePage, Fields, Issued, Visit } from "../../challenge.js";
import { isWorkDone, javascriptChallenge, substituteWork, type WorkState } from "../javascript.js";
import { OutageDetector } from "./outage-detector.js";
import { CallLimits } from "./call-limits.js";
import type { ProviderPolicy } from "./options.js";
import type { TokenResult, Provider, ProviderResponse, ProviderRequest, WidgetState } from "./provider.js";
import { callProvider, ProviderFailure } from "./provider-client.js";
import { widgetPage } from "./widget-page.js";

/** How much harder the proof of work is that replaces a provider during its outage. */
const SUBSTITUTE_BITS = 2;

/** A provider's widget, or the proof of work that replaces it while the provider is down. */
export type ProviderState = WidgetState | { readonly work: WorkState };

/** A challenge that an outside service shows and checks. */
export class ProviderChallenge implements ChallengeKind<ProviderState> {
  readonly name: string;
  // Each check costs a call or money, so each challenge gets one (R14).
  readonly spend = "before";
  readonly files: NonNullable<ChallengeKind<ProviderState>["files"]>;
  private readonly outages: OutageDetector;
  private readonly limits = new CallLimits();
  /** What the challenge is like that follows a refused token, by the request that posted it. */
  private readonly refused = new WeakMap<RequestView, "pause" | "checkbox">();

  constructor(
    private readonly provider: Provider,
    private readonly policy: ProviderPolicy,
    private readonly context: Context,
  ) {
    this.name = provider.name;
    this.outages = new OutageDetector(context.now);
    this.files = Object.fromEntries(
      Object.entries(provider.files ?? {}).map(([name, file]) => [
        name,
        (issued, visit) =>
          issued === undefined
            ? problem({
                status: 404,
                type: "not-found",
                title: "Not Found",
                members: { id: visit.request.id },
              })
            : file(visit),
      ]),
    );
  }

  issue(visit: Visit): Awaitable<ProviderState> {
    if (this.isSubstituted()) return { work: substituteWork(visit, SUBSTITUTE_BITS) };
    const bind = randomBytes(16).toString("hex");
    const next = this.refused.get(visit.request);
    return next === undefined ? { bind } : { bind, [next]: true };
  }

  page(issued: Issued<ProviderState>, visit: Visit): Awaitable<ChallengePage> {
    const { state, token } = issued;
    if ("work" in state) return javascriptChallenge.page({ ...issued, state: state.work }, visit);
    const widget = this.provider.widget(state, visit);
    // A frame of our own is a file of this challenge, which its URL must carry.
    const frame = widget.frame ?? "";
    const own = frame.startsWith(`${visit.uri}/`);
    const shown = own ? `${frame}&state=${encodeURIComponent(token)}` : frame;
    return widgetPage(this.provider, widget, { frame: shown, pause: state.pause }, visit);
  }

  async verify(state: ProviderState, fields: Fields, visit: Visit): Promise<boolean | "again"> {
    if ("work" in state) return isWorkDone(state.work, fields);
    const token = fields.get(this.provider.field) ?? "";
    if (token.length > this.provider.maxTokenLength || !/^[\x21-\x7e]+$/.test(token)) return false;
    // Show the proof of work at once, instead of waiting for a provider that is down.
    if (this.isSubstituted()) return "again";
    try {
      return this.settle(await this.check(token, state, visit), visit);
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      if (error.isOutage && this.outages.failed(visit.client)) {
        const instead = this.policy === "javascript" ? "; visitors get the proof of work instead" : "";
        this.notifyOperator(`${this.provider.title} does not respond${instead}`);
      }
      return this.unchecked(error, visit.client, visit.request);
    }
  }

  solvedAs(state: ProviderState): string {
    return "work" in state ? `${this.name}-outage` : this.name;
  }

  private settle({ outcome, reason = "" }: TokenResult, { client, request }: Visit): boolean | "again" {
    switch (outcome) {
      case "right":
        return true;
      case "low":
        // A low score is not a failure: the provider doubts, and the checkbox may settle it.
        this.refused.set(request, this.provider.checkboxAfterLowScore === true ? "checkbox" : "pause");
        return "again";
      case "wrong":
        this.refused.set(request, "pause");
        return false;
      case "retry":
        return this.unchecked(new ProviderFailure("status", reason), client, request);
      case "fault":
        this.context.events.warn(
          "WRN_BUNKER_PROVIDER",
          `${this.provider.title} cannot check tokens with your keys: ${reason}`,
          `${this.name} ${reason}`,
        );
        return this.unchecked(new ProviderFailure("malformed", reason), client, request);
    }
  }

  private check(token: string, state: WidgetState, visit: Visit): Promise<TokenResult> {
    const { provider } = this;
    return this.limits.run(visit.client, async () => {
      const request = provider.checkRequest(token, state, visit);
      const started = performance.now();
      const deadline = provider.timeout * 1000;
      const left = (): number => Math.ceil(deadline - (performance.now() - started));
      const send = async (timeout: number): Promise<TokenResult> =>
        provider.interpret(await this.call(request, timeout), state, visit);
      try {
        const result = await send(deadline);
        if (result.outcome !== "retry" || provider.mayRepeat !== true || left() <= 0) return result;
      } catch (error) {
        const mayRepeat = provider.mayRepeat === true && error instanceof ProviderFailure && error.isOutage;
        if (!mayRepeat || left() <= 0) throw error;
      }
      return send(left());
    });
  }

  private async call(request: ProviderRequest, timeout: number): Promise<ProviderResponse> {
    const response = await callProvider(request, timeout);
    if (this.outages.succeeded()) this.notifyOperator(`${this.provider.title} responds again`);
    return response;
  }

  // Applies onProviderError to a token that could not be checked. Too many checks at once mean a flood and never let in.
  private unchecked(failure: ProviderFailure, client: Client, request: RequestView): true | "again" {
    const data = `${this.provider.title}: ${failure.message}`;
    if (this.policy === "javascript" || failure.kind === "busy")
      throw new ProviderFailure(failure.kind, data);
    this.context.emit("fault", { protection: "antibot", reason: "provider", data }, client, request);
    this.refused.set(request, "pause");
    return this.policy === "allow" || "again";
  }

  // Whether visitors get the proof of work for now. Meanwhile the provider is probed from time to time.
  private isSubstituted(): boolean {
    if (this.policy !== "javascript" || !this.outages.isOutage) return false;
    if (this.outages.takeProbe())
      this.call(this.provider.probeRequest(), this.provider.timeout * 1000).catch(() => undefined);
    return true;
  }

  private notifyOperator(message: string): void {
    const about = { protection: "antibot", reason: "provider", data: message };
    this.context.emit("fault", about, undefined, undefined);
    const minute = Math.floor(this.context.now() / 60_000);
    this.context.events.warn("WRN_BUNKER_PROVIDER", message, `${message} ${minute}`);
  }
}
