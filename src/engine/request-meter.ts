import { isThenable, type Awaitable } from "../awaitable.js";
import type { RequestOutcome } from "../meter.js";
import type { RequestView } from "../request/request-view.js";
import type { Verdict } from "../request/verdict.js";
import { UNKNOWN_SERVICE } from "../service-name.js";
import type { Context } from "./context.js";

/** Counts a request whose verdict is final, before the verdict is noted on it. */
export function countRequest(context: Context, verdict: Verdict, request: RequestView, isFirst: boolean): void {
  const outcome = outcomeOf(verdict);
  // The first middleware counts a request that passes, and the first one that refuses it counts a refusal.
  if (outcome === "pass" ? !isFirst : request.verdicts.length > 0) return;
  const { meter, options, resolver } = context;
  const service = request.knownClient(resolver)?.service ?? UNKNOWN_SERVICE;
  meter.requested(outcome, { service, mode: options.mode }, isFirst);
}

/** Times a decision that began at `started` (`performance.now()`). */
export function timeDecision({ meter }: Context, verdict: Awaitable<Verdict>, started: number): void {
  const over = (decided: Verdict, waited: boolean): void =>
    meter.took("decision", outcomeOf(decided), performance.now() - started, waited);
  if (isThenable(verdict))
    verdict.then(
      (late) => over(late, true),
      () => undefined,
    );
  else over(verdict, false);
}

function outcomeOf(verdict: Verdict): RequestOutcome {
  return verdict.action === "challenge" && verdict.serving === true ? "gate" : verdict.action;
}
