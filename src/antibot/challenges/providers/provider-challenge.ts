import { randomBytes } from "node:crypto";
import type { Client } from "../../../request/client.js";
import type { RequestView } from "../../../request/request-view.js";
import { problem } from "../../../engine/responder.js";
import type { Context } from "../../../engine/context.js";
import type { Awaitable } from "../../../awaitable.js";
import type { ChallengeKind, ChallengePage, Fields, Issued, Visit } from "../../challenge.js";
import { MAX_BITS } from "../../difficulty.js";
import { isSolved, javascriptChallenge, type WorkState } from "../javascript.js";
import { Breaker } from "./breaker.js";
import { CallLimits } from "./call-limits.js";
import type { ProviderPolicy } from "./options.js";
import type { Judgement, Vendor, VendorCall, WidgetState } from "./vendor.js";
import { callVendor, VendorFailure } from "./verify-call.js";
import { widgetPage } from "./widget-page.js";

/** Bits more than the gate asks elsewhere: a provider's outage must not be a bargain (R21). */
const FALLBACK_BITS = 2;

/** A provider's widget, or the proof of work that stands in for it while the provider is down. */
export type ProviderState = WidgetState | { readonly work: WorkState };

/** A challenge that an outside service shows and checks. */
export class ProviderChallenge implements ChallengeKind<ProviderState> {
  readonly name: string;
  // Each check costs money or a call, so an answer is looked at once (R14).
  readonly spend = "before";
  readonly files: NonNullable<ChallengeKind<ProviderState>["files"]>;
  private readonly breaker: Breaker;
  private readonly limits = new CallLimits();
  /** Requests whose token was refused, and what the challenge that answers them is to be. */
  private readonly refused = new WeakMap<RequestView, "pause" | "checkbox">();

  constructor(
    private readonly vendor: Vendor,
    private readonly policy: ProviderPolicy,
    private readonly context: Context,
  ) {
    this.name = vendor.name;
    this.breaker = new Breaker(context.now);
    this.files = Object.fromEntries(
      Object.entries(vendor.files ?? {}).map(([name, file]) => [
        name,
        (issued, visit) =>
          issued === undefined
            ? problem(404, "not-found", "Not Found", { id: visit.request.id })
            : file(visit),
      ]),
    );
  }

  issue(visit: Visit): Awaitable<ProviderState> {
    if (this.standsIn()) {
      const difficulty = Math.min(MAX_BITS, visit.difficulty + FALLBACK_BITS);
      return { work: javascriptChallenge.issue({ ...visit, difficulty }) as WorkState };
    }
    const bind = randomBytes(16).toString("hex");
    const next = this.refused.get(visit.request);
    return next === undefined
      ? { bind }
      : next === "checkbox"
        ? { bind, checkbox: true }
        : { bind, pause: true };
  }

  page(issued: Issued<ProviderState>, visit: Visit): Awaitable<ChallengePage> {
    const { state, token } = issued;
    if ("work" in state) return javascriptChallenge.page({ ...issued, state: state.work }, visit);
    const widget = this.vendor.widget(state, visit);
    // A frame of our own is a file of this challenge, and says so.
    const frame = widget.frame ?? "";
    const own = frame.startsWith(`${visit.uri}/`);
    const shown = own ? `${frame}&state=${encodeURIComponent(token)}` : frame;
    return widgetPage(this.vendor, widget, { frame: shown, pause: state.pause === true }, visit);
  }

  async verify(state: ProviderState, fields: Fields, visit: Visit): Promise<boolean | "again"> {
    if ("work" in state) return isSolved(state.work, fields.get("challenge") ?? "");
    const token = fields.get(this.vendor.field) ?? "";
    if (token.length > this.vendor.longestToken || !/^[\x21-\x7e]+$/.test(token)) return false;
    // The proof of work is shown at once, instead of a wait for a provider that is down.
    if (this.standsIn()) return "again";
    try {
      return this.settle(await this.check(token, state, visit), visit);
    } catch (error) {
      if (!(error instanceof VendorFailure)) throw error;
      if (error.isOutage && this.breaker.failed(visit.client)) this.tellOpened();
      return this.unchecked(error, visit.client, visit.request);
    }
  }

  solvedAs(state: ProviderState): string {
    return "work" in state ? `${this.name}-outage` : this.name;
  }

  private settle(judgement: Judgement, { client, request }: Visit): boolean | "again" {
    switch (judgement.outcome) {
      case "right":
        return true;
      case "low":
        // A low score is no wrong answer: the vendor doubts, and the checkbox may settle it.
        this.refused.set(request, this.vendor.checkboxAfterLowScore === true ? "checkbox" : "pause");
        return "again";
      case "wrong":
        this.refused.set(request, "pause");
        return false;
      case "retry":
        return this.unchecked(new VendorFailure("status", judgement.why ?? ""), client, request);
      case "fault":
        this.context.events.warn(
          "WRN_BUNKER_PROVIDER",
          `${this.vendor.title} cannot check answers with your keys: ${judgement.why ?? ""}`,
          `${this.name} ${judgement.why ?? ""}`,
        );
        return this.unchecked(new VendorFailure("malformed", judgement.why ?? ""), client, request);
    }
  }

  private check(token: string, state: WidgetState, visit: Visit): Promise<Judgement> {
    const { vendor } = this;
    return this.limits.run(visit.client, async () => {
      const call = vendor.call(token, state, visit);
      const started = performance.now();
      const deadline = vendor.timeout * 1000;
      const left = (): number => Math.ceil(deadline - (performance.now() - started));
      try {
        const judgement = await this.ask(call, deadline, state, visit);
        if (judgement.outcome !== "retry" || vendor.mayRepeat !== true || left() <= 0) return judgement;
      } catch (error) {
        const again = vendor.mayRepeat === true && error instanceof VendorFailure && error.isOutage;
        if (!again || left() <= 0) throw error;
      }
      return this.ask(call, left(), state, visit);
    });
  }

  private async ask(
    call: VendorCall,
    deadline: number,
    state: WidgetState,
    visit: Visit,
  ): Promise<Judgement> {
    const answer = await callVendor(call, deadline);
    if (this.breaker.answered()) this.tellClosed();
    return this.vendor.judge(answer, state, visit);
  }

  // What the operator chose for answers that could not be checked. Too many at once is a flood's doing and never lets in.
  private unchecked(failure: VendorFailure, client: Client, request: RequestView): true | "again" {
    const data = `${this.vendor.title}: ${failure.message}`;
    if (this.policy === "javascript" || failure.kind === "busy") throw new VendorFailure(failure.kind, data);
    this.context.emit("fault", { protection: "antibot", reason: "provider", data }, client, request);
    this.refused.set(request, "pause");
    // A vendor that cannot say is no reason to count the visitor's answer as wrong.
    return this.policy === "allow" || "again";
  }

  // Whether the proof of work stands in just now. While it does, the provider is asked from time to time if it is back.
  private standsIn(): boolean {
    if (this.policy !== "javascript" || !this.breaker.isOpen) return false;
    if (this.breaker.takeProbe()) {
      callVendor(this.vendor.probe(), this.vendor.timeout * 1000).then(
        () => {
          if (this.breaker.answered()) this.tellClosed();
        },
        () => undefined,
      );
    }
    return true;
  }

  private tellOpened(): void {
    const instead = this.policy === "javascript" ? "; visitors are given the proof of work instead" : "";
    this.tellOperator(`${this.vendor.title} does not answer${instead}`);
  }

  private tellClosed(): void {
    this.tellOperator(`${this.vendor.title} answers again`);
  }

  private tellOperator(message: string): void {
    this.context.emit(
      "fault",
      { protection: "antibot", reason: "provider", data: message },
      undefined,
      undefined,
    );
    const minute = Math.floor(this.context.now() / 60_000);
    this.context.events.warn("WRN_BUNKER_PROVIDER", message, `${message} ${minute}`);
  }
}
