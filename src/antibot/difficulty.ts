import { BunkerHookError } from "../errors.js";
import { networkOf, parseRange } from "../address/address.js";
import type { Client } from "../request/client.js";
import { RecentMap } from "../recent-map.js";
import type { RequestView } from "../request/request-view.js";

/** BunkerWeb's mean work, 2^16 hashes, is the minimum. */
export const MIN_BITS = 16;
/** 67 million hashes: more would lock visitors out. */
export const MAX_BITS = 26;
/** A slow phone (about a million hashes a second) takes well under ten seconds: the global raise ends here (R21). */
const SLOW_PHONE_BITS = 23;

/** The score of unsolved challenges halves in this time, in ms. */
const HALF_LIFE = 60_000;
/** A prefix may leave this many challenges unsolved before its difficulty rises. */
const PREFIX_FREE = 8;
const MAX_PREFIX_RAISE = 4;
/** Unsolved challenges of all clients together at which the difficulty rises by one bit, and then by two. */
const GLOBAL_STEPS = [2000, 20_000] as const;

/** The `difficulty` option: bits of work, or a hook that returns them for each visitor. */
export type Difficulty = number | ((client: Client, request: never) => unknown);

interface Score {
  value: number;
  at: number;
}

/** Sets the work of each challenge: more for networks that leave challenges unsolved, and less again with time. */
export class DifficultyController {
  private readonly prefixes = new RecentMap<string, Score>(20_000);
  private readonly total: Score = { value: 0, at: 0 };

  constructor(
    private readonly base: Difficulty,
    private readonly adaptive: boolean,
    private readonly now: () => number,
  ) {}

  /** Bits of work for a visitor. @throws what the hook throws */
  bitsFor(client: Client, request: RequestView): number {
    const bits = this.baseFor(client, request);
    if (!this.adaptive) return bits;
    const known = this.prefixes.get(networkOfClient(client));
    const raised = known === undefined ? bits : bits + raiseOf(this.faded(known).value);
    const total = this.faded(this.total).value;
    const globalRaise = GLOBAL_STEPS.filter((step) => total >= step).length;
    // The prefix is raised first; the global raise, which innocent clients pay too, stays within a slow phone's reach.
    return Math.min(MAX_BITS, Math.max(raised, Math.min(SLOW_PHONE_BITS, raised + globalRaise)));
  }

  /** Counts a challenge of a network as issued (1) or as solved (-1). */
  count(network: string, by: 1 | -1): void {
    if (!this.adaptive) return;
    const score = this.faded(this.prefixes.get(network) ?? { value: 0, at: this.now() });
    score.value = Math.max(0, score.value + by);
    this.prefixes.set(network, score);
    this.faded(this.total).value = Math.max(0, this.total.value + by);
  }

  private baseFor(client: Client, request: RequestView): number {
    if (typeof this.base === "number") return this.base;
    const bits = this.base(client, request.raw as never);
    if (typeof bits !== "number" || !(bits >= 0))
      throw new BunkerHookError("difficulty", "must return a number of bits at once");
    return Math.min(MAX_BITS, Math.max(MIN_BITS, bits));
  }

  private faded(score: Score): Score {
    const now = this.now();
    score.value *= 0.5 ** (Math.max(0, now - score.at) / HALF_LIFE);
    score.at = now;
    return score;
  }
}

function raiseOf(unsolved: number): number {
  return unsolved < PREFIX_FREE
    ? 0
    : Math.min(MAX_PREFIX_RAISE, Math.floor(Math.log2(unsolved / PREFIX_FREE)) + 1);
}

/** The network of a client. Neighbours share a raise: an attacker has many addresses, mostly of one network. */
export function networkOfClient(client: Client): string {
  return client.address === undefined ? client.key : networkOf(client.address);
}

/** The network in which a challenge was issued to the client with the key `holder`, if `client` brings it back. */
export function networkOfHolder(holder: string, client: Client): string {
  const range = holder === client.key ? undefined : parseRange(holder);
  return range === undefined ? networkOfClient(client) : networkOf(range.address);
}
