import type { IncomingMessage } from "node:http";
import type { Client } from "../request/client.js";
import { BunkerHookError } from "../errors.js";
import type { Check } from "../options/check.js";
import { nearestName } from "../options/table.js";
import type { RequestView } from "../request/request-view.js";
import { isThenable } from "../awaitable.js";
import type { ChallengeKind } from "./challenge.js";
import { isKindName, KIND_NAMES, type KindName } from "./kind-names.js";

/** A kind by its name, or one of your own. */
export type ChallengeStep = KindName | ChallengeKind;

/**
 * The `challenge` option: one kind; a ladder, climbed by who fails; or a hook that picks for each request (`"no"` = not
 * gated).
 */
export type ChallengeOption<Req extends IncomingMessage = IncomingMessage> =
  ChallengeStep | readonly ChallengeStep[] | ((client: Client, request: Req) => KindName | "no");

/** What a request must show: any of the `accepted` kinds; `kind` is what a visitor without them is given. */
export interface Requirement {
  readonly kind: string;
  readonly accepted: readonly string[];
}

/** The `challenge` option, ready to be asked. */
export class ChallengePolicy {
  /** Kinds that are not built in. */
  readonly own: readonly ChallengeKind[];
  private readonly ladder: readonly Requirement[];

  constructor(
    steps: readonly ChallengeStep[],
    private readonly hook?: (client: Client, request: never) => unknown,
  ) {
    this.own = steps.filter((step) => typeof step !== "string");
    const names = steps.map((step) => (typeof step === "string" ? step : step.name));
    // Whoever climbed the ladder higher than asked is welcome below.
    this.ladder = names.map((kind, level) => ({ kind, accepted: names.slice(level) }));
  }

  /** How many steps failures lead up. */
  get steps(): number {
    return Math.max(1, this.ladder.length);
  }

  /** The kinds that are named, not picked by a hook. */
  get names(): readonly string[] {
    return this.ladder.map(({ kind }) => kind);
  }

  /** What is asked of a request at a level of the ladder; `undefined` = it is not gated. Throws what the hook throws. */
  requirement(client: Client, request: RequestView, level: number): Requirement | undefined {
    if (this.hook === undefined) return this.ladder[Math.min(level, this.ladder.length - 1)];
    const name: unknown = this.hook(client, request.raw as never);
    if (isThenable(name))
      throw new BunkerHookError("challenge", "answered a promise; it must answer a kind at once");
    if (name === "no") return undefined;
    if (typeof name !== "string" || !isKindName(name)) {
      throw new BunkerHookError(
        "challenge",
        `answered what is no kind; kinds are ${KIND_NAMES.join(", ")} and "no"`,
      );
    }
    return requirementFor(name);
  }
}

const demands = new Map<string, Requirement>();

/** The demand for exactly one kind. */
export function requirementFor(kind: string): Requirement {
  let demand = demands.get(kind);
  if (demand === undefined) demands.set(kind, (demand = { kind, accepted: [kind] }));
  return demand;
}

/** The `challenge` option's check. */
export const policyCheck: Check<ChallengePolicy> = {
  allowed: `${KIND_NAMES.map((name) => `"${name}"`).join(", ")}, a challenge object { name, issue, page, verify }, an array of these, or a function (client, request) => kind or "no"`,
  parse: (text) => text,
  read(value, path, report) {
    if (typeof value === "function")
      return new ChallengePolicy([], value as (client: Client, request: never) => unknown);
    const steps: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (steps.length > 0 && steps.every(isStep)) return new ChallengePolicy(steps);
    const wrong = steps.find((step) => !isStep(step));
    const nearest = typeof wrong === "string" ? nearestName(wrong, KIND_NAMES) : undefined;
    report({ path, value: wrong, allowed: this.allowed, ...(nearest === undefined ? {} : { nearest }) });
    return undefined;
  },
};

function isStep(value: unknown): value is ChallengeStep {
  if (typeof value === "string") return isKindName(value);
  const kind = value as Partial<ChallengeKind> | null | undefined;
  const named =
    typeof kind === "object" &&
    kind !== null &&
    typeof kind.name === "string" &&
    /^[a-z0-9-]{1,32}$/.test(kind.name);
  return (
    named &&
    !isKindName(kind.name) &&
    [kind.issue, kind.page, kind.verify].every((part) => typeof part === "function")
  );
}
