import type { IncomingMessage } from "node:http";
import type { Client } from "../core/client.js";
import { BunkerHookError } from "../core/errors.js";
import type { Check } from "../core/options/check.js";
import { nearestName } from "../core/options/table.js";
import type { RequestView } from "../core/request-view.js";
import { isThenable } from "../core/verdict.js";
import type { ChallengeKind } from "./challenge.js";
import { builtInKind, KIND_NAMES, type KindName } from "./kinds.js";

/** A kind by its name, or one of your own. */
export type ChallengeStep = KindName | ChallengeKind;

/**
 * The `challenge` option: one kind; a ladder, climbed by who fails; or a hook that picks for each request (`"no"` = not
 * gated).
 */
export type ChallengeOption<Req extends IncomingMessage = IncomingMessage> =
  ChallengeStep | readonly ChallengeStep[] | ((client: Client, request: Req) => KindName | "no");

/** What a request must show: any of the `accepted` kinds; `kind` is what a visitor without them is given. */
export interface Demand {
  readonly kind: ChallengeKind;
  readonly accepted: readonly string[];
}

/** The `challenge` option, ready to be asked. */
export class ChallengeChoice {
  private readonly demands: readonly Demand[];

  constructor(
    readonly kinds: readonly ChallengeKind[],
    private readonly hook: ((client: Client, request: never) => unknown) | undefined,
  ) {
    // Whoever climbed the ladder higher than asked is welcome below.
    this.demands = kinds.map((kind, level) => ({
      kind,
      accepted: kinds.slice(level).map(({ name }) => name),
    }));
  }

  /** Whether failures lead to harder kinds. */
  get isLadder(): boolean {
    return this.hook === undefined && this.kinds.length > 1;
  }

  /** What is asked of a request at a level of the ladder; `undefined` = it is not gated. Throws what the hook throws. */
  demand(client: Client, request: RequestView, level: number): Demand | undefined {
    if (this.hook === undefined) return this.demands[Math.min(level, this.demands.length - 1)];
    const name: unknown = this.hook(client, request.raw as never);
    if (isThenable(name))
      throw new BunkerHookError("challenge", "answered a promise; it must answer a kind at once");
    if (name === "no") return undefined;
    const demand = typeof name === "string" ? demandOf(name) : undefined;
    if (demand === undefined)
      throw new BunkerHookError(
        "challenge",
        `answered what is no kind; kinds are ${KIND_NAMES.join(", ")} and "no"`,
      );
    return demand;
  }

  /** The kind of that name: one of these, or a built-in one. */
  kind(name: string): ChallengeKind | undefined {
    return this.kinds.find((kind) => kind.name === name) ?? builtInKind(name);
  }
}

const demandsByName = new Map<string, Demand>();

/** The demand for exactly one built-in kind. */
export function demandOf(name: string): Demand | undefined {
  const known = demandsByName.get(name);
  if (known !== undefined) return known;
  const kind = builtInKind(name);
  if (kind === undefined) return undefined;
  const demand: Demand = { kind, accepted: [name] };
  demandsByName.set(name, demand);
  return demand;
}

/** The `challenge` option's check. */
export const choiceCheck: Check<ChallengeChoice> = {
  allowed: `${KIND_NAMES.map((name) => `"${name}"`).join(", ")}, a challenge object { name, issue, page, verify }, an array of these, or a function (client, request) => kind or "no"`,
  parse: (text) => text,
  read(value, path, report) {
    if (typeof value === "function")
      return new ChallengeChoice([], value as (client: Client, request: never) => unknown);
    const steps: readonly unknown[] = Array.isArray(value) ? value : [value];
    const kinds = steps.map((step) => (typeof step === "string" ? builtInKind(step) : ownKind(step)));
    if (steps.length === 0 || kinds.includes(undefined)) {
      const wrong = steps[kinds.indexOf(undefined)];
      report({ path, value: wrong, allowed: this.allowed, ...nearest(wrong) });
      return undefined;
    }
    return new ChallengeChoice(kinds as ChallengeKind[], undefined);
  },
};

function nearest(value: unknown): { nearest?: string } {
  const name = typeof value === "string" ? nearestName(value, KIND_NAMES) : undefined;
  return name === undefined ? {} : { nearest: name };
}

function ownKind(value: unknown): ChallengeKind | undefined {
  const kind = value as Partial<ChallengeKind> | null | undefined;
  const named =
    typeof kind === "object" &&
    kind !== null &&
    typeof kind.name === "string" &&
    /^[a-z0-9-]{1,32}$/.test(kind.name);
  const whole = named && [kind.issue, kind.page, kind.verify].every((part) => typeof part === "function");
  return whole ? (kind as ChallengeKind) : undefined;
}
