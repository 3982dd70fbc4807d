import { BunkerHookError } from "../errors.js";
import { prefixOf } from "../address/address.js";
import type { Client } from "../request/client.js";
import { RecentMap } from "../recent-map.js";
import type { RequestView } from "../request/request-view.js";

/** BunkerWeb's mean work, 2^16 hashes, is the least that is ever asked. */
export const MIN_BITS = 16;
/** 67 million hashes: more is a lock-out. */
export const MAX_BITS = 26;
/** What a slow phone (about a million hashes a second) does in well under ten seconds: the global raise ends here (R21). */
const SLOW_PHONE_BITS = 23;

/** Unsolved visits are forgotten by half in this time, in ms. */
const HALF_LIFE = 60_000;
/** A prefix may leave this many challenges unsolved before it is asked for more. */
const PREFIX_FREE = 8;
const MAX_PREFIX_RAISE = 4;
/** Unsolved visits of everybody together at which one bit more is asked, and then two. */
const GLOBAL_STEPS = [2000, 20_000] as const;

/** The `difficulty` option: bits of work, or a hook that answers them for each visitor. */
export type Difficulty = number | ((client: Client, request: never) => unknown);

interface Score {
  value: number;
  at: number;
}

/** How much work a visitor is asked for: more from networks that leave challenges unsolved, and eased again with time. */
export class DifficultyController {
  private readonly prefixes = new RecentMap<string, Score>(20_000);
  private readonly everybody: Score = { value: 0, at: 0 };

  constructor(
    private readonly base: Difficulty,
    private readonly adaptive: boolean,
    private readonly now: () => number,
  ) {}

  /** Bits of work for a visitor. Throws what the hook throws. */
  bitsFor(client: Client, request: RequestView): number {
    const bits = this.baseFor(client, request);
    if (!this.adaptive) return bits;
    const known = this.prefixes.get(prefixKey(client));
    const raised = known === undefined ? bits : bits + raiseOf(this.faded(known).value);
    const everybody = this.faded(this.everybody).value;
    const wide = GLOBAL_STEPS.filter((step) => everybody >= step).length;
    // The prefix is raised first; what innocent neighbours pay with it stays within a slow phone's reach.
    const ceiling = Math.max(raised, Math.min(SLOW_PHONE_BITS, raised + wide));
    return Math.min(MAX_BITS, ceiling);
  }

  /** A challenge was handed out. */
  issued(client: Client): void {
    this.add(client, 1);
  }

  /** A challenge was solved: it counts against nobody any more. */
  solved(client: Client): void {
    this.add(client, -1);
  }

  private baseFor(client: Client, request: RequestView): number {
    if (typeof this.base === "number") return this.base;
    const bits = this.base(client, request.raw as never);
    if (typeof bits !== "number" || !(bits >= 0))
      throw new BunkerHookError("difficulty", "must answer a number of bits at once");
    return Math.min(MAX_BITS, Math.max(MIN_BITS, bits));
  }

  private add(client: Client, by: number): void {
    if (!this.adaptive) return;
    const key = prefixKey(client);
    const score = this.faded(this.prefixes.get(key) ?? { value: 0, at: this.now() });
    score.value = Math.max(0, score.value + by);
    this.prefixes.set(key, score);
    this.faded(this.everybody).value = Math.max(0, this.everybody.value + by);
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

// Neighbours share a raise: an attacker has many addresses, and mostly of one network.
function prefixKey(client: Client): string {
  const { address } = client;
  if (address === undefined) return client.key;
  return address.family === 6
    ? prefixOf(address, 48).text
    : address.text.slice(0, address.text.lastIndexOf("."));
}
