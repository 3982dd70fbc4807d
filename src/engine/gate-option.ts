import { check, type Check, type ReportProblem } from "../options/check.js";
import type { Gate } from "./protection.js";

const gateCheck: Check<{ readonly gate: Gate }> = check("the result of antibot()", (value) =>
  (typeof value === "function" || typeof value === "object") && value !== null && "gate" in value
    ? (value as { gate: Gate })
    : undefined,
);

/** The option `gate` of a protection that can challenge clients instead of refusing them. */
export const gateOption = {
  check: gateCheck,
  default: undefined,
  help: "The gate that challenges clients, if it is mounted separately: the result of `antibot()`.",
};

/** Reports the action `"challenge"` at `path` if there is no gate. */
export function checkChallenge(action: string, hasGate: boolean, path: string, report: ReportProblem): void {
  if (action === "challenge" && !hasGate)
    report({
      path,
      value: action,
      allowed: '"deny", unless there is a gate: pass `gate`, or use bunker() with antibot',
    });
}
