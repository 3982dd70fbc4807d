import type { IncomingMessage } from "node:http";
import type { Client } from "../request/client.js";
import { BunkerHookError } from "../errors.js";
import type { Check } from "../options/check.js";
import { nearestName } from "../options/table.js";
import type { RequestView } from "../request/request-view.js";
import { isThenable } from "../awaitable.js";
import type { ChallengeKind } from "./challenge.js";
import type { ProviderName } from "./challenges/providers/provider.js";

/** The name of a challenge kind that comes with the package. */
export type KindName = "cookie" | "javascript" | "captcha" | ProviderName;

export const KIND_NAMES: readonly KindName[] = [
  "cookie",
  "javascript",
  "captcha",
  "recaptcha",
  "hcaptcha",
  "turnstile",
  "mcaptcha",
  "capjs",
];

export function isKindName(name: string): name is KindName {
  return (KIND_NAMES as readonly string[]).includes(name);
}

/** A built-in kind by its name, or a kind of your own. */
export type ChallengeStep = KindName | ChallengeKind;

/**
 * The `challenge` option: one kind; an array of kinds, where failures lead to the next; or a hook that returns a kind for
 * each request (`"no"` = not gated).
 */
export type ChallengeOption<Req extends IncomingMessage = IncomingMessage> =
  ChallengeStep | readonly ChallengeStep[] | ((client: Client, request: Req) => KindName | "no");

/** What a request must show: a pass for any of the `accepted` kinds. A visitor without one gets a challenge of `kind`. */
export interface Requirement {
  readonly kind: string;
  readonly accepted: readonly string[];
  /** Whether one route asks for exactly this kind. */
  readonly byRoute?: true;
}

export class ChallengePolicy {
  /** Kinds that are not built in. */
  readonly own: readonly ChallengeKind[];
  /** The names of all kinds, except those that a hook returns. */
  readonly names: readonly string[];
  private readonly requirements: readonly Requirement[];

  constructor(
    steps: readonly ChallengeStep[],
    private readonly hook?: (client: Client, request: never) => unknown,
  ) {
    this.own = steps.filter((step) => typeof step !== "string");
    this.names = steps.map((step) => (typeof step === "string" ? step : step.name));
    // A pass for a later, harder kind is good for the earlier ones too.
    this.requirements = this.names.map((kind, step) => ({ kind, accepted: this.names.slice(step) }));
  }

  /** Whether a hook of the app chooses the kind for each request. */
  get isHook(): boolean {
    return this.hook !== undefined;
  }

  get steps(): number {
    return Math.max(1, this.requirements.length);
  }

  /** What a request must show at a step of the escalation; `undefined` = it is not gated. Throws what the hook throws. */
  requirement(client: Client, request: RequestView, step: number): Requirement | undefined {
    if (this.hook === undefined) return this.requirements[Math.min(step, this.requirements.length - 1)];
    const name: unknown = this.hook(client, request.raw as never);
    if (isThenable(name))
      throw new BunkerHookError("challenge", "returned a promise; it must return a kind at once");
    if (name === "no") return undefined;
    if (typeof name !== "string" || !isKindName(name)) {
      throw new BunkerHookError(
        "challenge",
        `did not return a challenge kind; kinds are ${KIND_NAMES.join(", ")} and "no"`,
      );
    }
    return requirementFor(name);
  }
}

const requirements = new Map<string, Requirement>();

export function requirementFor(kind: string): Requirement {
  let requirement = requirements.get(kind);
  if (requirement === undefined) requirements.set(kind, (requirement = { kind, accepted: [kind] }));
  return requirement;
}

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
    report({ path, value: wrong, allowed: this.allowed, nearest });
    return undefined;
  },
};

function isStep(value: unknown): value is ChallengeStep {
  if (typeof value === "string") return isKindName(value);
  if (typeof value !== "object" || value === null) return false;
  const { name, issue, page, verify } = value as Partial<ChallengeKind>;
  return (
    typeof name === "string" &&
    /^[a-z0-9-]{1,32}$/.test(name) &&
    !isKindName(name) &&
    [issue, page, verify].every((method) => typeof method === "function")
  );
}
