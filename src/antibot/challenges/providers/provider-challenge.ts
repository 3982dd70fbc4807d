import { randomBytes } from "node:crypto";
import type { Client } from "../../../request/client.js";
import type { RequestView } from "../../../request/request-view.js";
import { problem } from "../../../engine/responder.js";
import type { Context } from "../../../engine/context.js";
import type { Awaitable } from "../../../awaitable.js";
import { HOUR_MS } from "../../../events/active-warnings.js";
import { escapeHtml } from "../../../pages/page.js";
import { providerScript } from "../../browser-scripts.generated.js";
import type { ChallengeKind, ChallengePage, Fields, Issued, Visit } from "../../challenge.js";
import { noscriptNotice } from "../../challenge-page.js";
import {
  isSolved,
  javascriptChallenge,
  newWork,
  statusParts,
  sufficesFor,
  type WorkState,
} from "../javascript.js";
import { OutageDetector } from "./outage-detector.js";
import type { ProviderPolicy, ProvidersResolved } from "./options.js";
import type { TokenResult, Provider, ProviderResponse, ProviderRequest, WidgetState } from "./provider.js";
import { callProvider, ProviderFailure } from "./provider-client.js";

/** How much harder the proof of work is that replaces a provider during its outage. */
const SUBSTITUTE_BITS = 2;
/** Checks under way at one time: in all, and for one client (R33). */
const MAX_CALLS = 64;
const MAX_CLIENT_CALLS = 4;

/** A provider's widget, or the proof of work that replaces it while the provider is down. */
export type ProviderState = WidgetState | { readonly work: WorkState };

export class ProviderChallenge implements ChallengeKind<ProviderState> {
  readonly name: string;
  // Each check costs a call or money, so each challenge gets one (R14).
  readonly spend = "before";
  readonly files: ChallengeKind<ProviderState>["files"];
  private readonly outages: OutageDetector;
  private readonly policy: ProviderPolicy;
  /** How long a check may take, in ms. */
  private readonly timeout: number;
  /** Checks under way, in all and by client. */
  private calls = 0;
  private readonly callsByClient = new Map<string, number>();
  /** How the challenge after a refused token differs, by the request that posted the token. */
  private readonly refused = new WeakMap<RequestView, "pause" | "checkbox">();

  constructor(
    private readonly provider: Provider,
    options: ProvidersResolved,
    private readonly context: Context,
  ) {
    this.name = provider.name;
    this.policy = options.onProviderError;
    this.timeout = options[provider.name].timeout * 1000;
    this.outages = new OutageDetector(context.now);
    const { framePage } = provider;
    this.files = framePage && {
      frame(issued, visit) {
        if (issued !== undefined) return framePage(visit);
        const members = { id: visit.request.id };
        return problem({ status: 404, type: "not-found", title: "Not Found", members });
      },
    };
  }

  issue(visit: Visit): Awaitable<ProviderState> {
    if (this.isSubstituted()) return { work: newWork(visit, SUBSTITUTE_BITS) };
    const bind = randomBytes(16).toString("hex");
    const next = this.refused.get(visit.request);
    return next === undefined ? { bind } : { bind, [next]: true };
  }

  page(issued: Issued<ProviderState>, visit: Visit): Awaitable<ChallengePage> {
    const { state, token } = issued;
    if ("work" in state) return javascriptChallenge.page({ ...issued, state: state.work }, visit);
    const { texts } = visit;
    const { mode, script, api, parameters, csp, frame = "" } = this.provider.widget(state, visit);
    // A frame of our own is a file of this challenge, so its URL must carry the token.
    const source = frame.startsWith(`${visit.uri}/`) ? `${frame}&state=${encodeURIComponent(token)}` : frame;
    const widget =
      mode === "frame"
        ? `<iframe id="bunker-widget" title="${escapeHtml(texts.providerFrame)}" src="${escapeHtml(source)}" width="304" height="80"></iframe>`
        : `<div id="bunker-widget"></div>`;
    return {
      body:
        `<p class="soft">${escapeHtml(texts.challengeMessage)}</p>` +
        `<input type="hidden" id="bunker-token" name="${this.provider.field}">${widget}` +
        statusParts(visit) +
        noscriptNotice({ ...visit, noscript: undefined }),
      script: providerScript,
      config: {
        mode,
        frame: visit.frame,
        pause: state.pause,
        script,
        api,
        parameters,
        texts: { working: texts.working, done: texts.done, slow: texts.slow, failed: texts.unreachable },
      },
      csp,
    };
  }

  async verify(state: ProviderState, fields: Fields, visit: Visit): Promise<boolean | "again"> {
    if ("work" in state) return isSolved(state.work, fields.get("challenge") ?? "");
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
        this.notifyOperator(`${this.provider.title} does not respond${instead}`, this.name, HOUR_MS);
      }
      return this.unchecked(error, visit.client, visit.request);
    }
  }

  suffices(state: ProviderState, visit: Visit): boolean {
    return !("work" in state) || sufficesFor(state.work, visit, SUBSTITUTE_BITS);
  }

  spendOf(state: ProviderState): "before" | "after" {
    return "work" in state ? "after" : "before";
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
          { level: "alarm", lasts: HOUR_MS, again: HOUR_MS },
        );
        return this.unchecked(new ProviderFailure("malformed", reason), client, request);
    }
  }

  private async check(token: string, state: WidgetState, visit: Visit): Promise<TokenResult> {
    const { key } = visit.client;
    const own = this.callsByClient.get(key) ?? 0;
    if (this.calls >= MAX_CALLS || own >= MAX_CLIENT_CALLS)
      throw new ProviderFailure("busy", "too many checks under way");
    this.calls++;
    this.callsByClient.set(key, own + 1);
    try {
      return await this.checkWithRetry(token, state, visit);
    } finally {
      this.calls--;
      const left = (this.callsByClient.get(key) ?? 1) - 1;
      if (left === 0) this.callsByClient.delete(key);
      else this.callsByClient.set(key, left);
    }
  }

  private async checkWithRetry(token: string, state: WidgetState, visit: Visit): Promise<TokenResult> {
    const { provider, timeout } = this;
    const request = provider.checkRequest(token, state, visit);
    const started = performance.now();
    const left = (): number => Math.ceil(timeout - (performance.now() - started));
    const send = async (limit: number): Promise<TokenResult> =>
      provider.interpret(await this.call(request, limit), state, visit);
    try {
      const result = await send(timeout);
      if (result.outcome !== "retry" || provider.mayRepeat !== true || left() <= 0) return result;
    } catch (error) {
      const mayRepeat = provider.mayRepeat === true && error instanceof ProviderFailure && error.isOutage;
      if (!mayRepeat || left() <= 0) throw error;
    }
    return send(left());
  }

  private async call(request: ProviderRequest, timeout: number): Promise<ProviderResponse> {
    const called = callProvider(request, timeout);
    const response = await this.context.meter.timed("vendor", this.name, called);
    if (this.outages.succeeded()) {
      this.context.events.endWarning("WRN_BUNKER_PROVIDER", this.name);
      this.notifyOperator(`${this.provider.title} responds again`, `${this.name} again`, 0);
    }
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
      this.call(this.provider.probeRequest(), this.timeout).catch(() => undefined);
    return true;
  }

  private notifyOperator(message: string, about: string, lasts: number): void {
    this.context.emit(
      "fault",
      { protection: "antibot", reason: "provider", data: message },
      undefined,
      undefined,
    );
    this.context.events.warn("WRN_BUNKER_PROVIDER", message, about, { lasts, again: 60_000 });
  }
}
