import { isThenable, type Awaitable } from "../awaitable.js";
import type { Meter, RequestOutcome } from "../meter.js";
import type { RequestView } from "../request/request-view.js";
import type { Verdict } from "../request/verdict.js";
import { UNKNOWN_SERVICE } from "../service-name.js";
import type { Context } from "./context.js";

/** The exemptions that hold for every middleware: the first one tells of them. */
const FOR_ALL: ReadonlySet<string> = new Set(["allow", "skip"]);

/** Counts a request whose verdict is final, before the verdict is noted on it. */
export function countRequest(
  context: Context,
  verdict: Verdict,
  request: RequestView,
  isFirst: boolean,
): void {
  const outcome = outcomeOf(verdict);
  if (verdict.action === "pass" && verdict.why !== undefined && (isFirst || !FOR_ALL.has(verdict.why)))
    context.meter.excused(verdict.why);
  // The first middleware counts a request that passes, and the first one that refuses it counts a refusal.
  if (outcome === "pass" ? !isFirst : request.verdicts.length > 0) return;
  const { meter, mode, resolver } = context;
  const service = request.knownClient(resolver)?.service ?? UNKNOWN_SERVICE;
  meter.requested(outcome, service, mode, isFirst);
}

/** Times a decision that began at `started` (`performance.now()`). */
export function timeDecision({ meter }: Context, verdict: Awaitable<Verdict>, started: number): void {
  if (isThenable(verdict)) timeLater(meter, verdict, started);
  else meter.took("decision", outcomeOf(verdict), performance.now() - started, false);
}

function timeLater(meter: Meter, verdict: PromiseLike<Verdict>, started: number): void {
  verdict.then(
    (late) => meter.took("decision", outcomeOf(late), performance.now() - started, true),
    () => undefined,
  );
}

function outcomeOf(verdict: Verdict): RequestOutcome {
  return verdict.action === "challenge" && verdict.serving === true ? "gate" : verdict.action;
}
