import type { Awaitable } from "../awaitable.js";
import { withHelp } from "../errors.js";

/**
 * What a key is for. Each namespace has a budget of its own (rules R31), so that a flood in one never pushes out another.
 *
 * - `ban`: bans; never evicted.
 * - `spent`: ids of challenges already used; refused when full.
 * - `hit`: sliding windows and counters.
 * - `cache`: verdicts that can be found out again; first to go.
 * - `state`: the few things an instance must remember (generated secrets, instance ids, void marks of passes).
 */
export type Namespace = "ban" | "spent" | "hit" | "cache" | "state";

/** Every namespace, in the order in which they are worth keeping. */
export const NAMESPACES: readonly Namespace[] = ["ban", "state", "spent", "hit", "cache"];

/** What {@link Store.hit} answers. */
export interface Hits {
  /** Sum of the weights of the hits inside the window, the new one included. */
  count: number;
  /** The notes of those hits, oldest first; hits without a note leave none. */
  notes: string[];
}

/** Extras of one hit. */
export interface HitOptions {
  /** How much this hit counts: a whole number from 1; default 1. */
  weight?: number;
  /** A short text kept with the hit and given back by {@link Store.hit}. */
  note?: string;
}

/** One change of one key, this instance's or another's. */
export interface StoreChange {
  /** The whole key, namespace included. */
  key: string;
  /** The new value; `undefined` when the key was deleted. Keys that expire are not told of. */
  value: string | undefined;
  /** Seconds left to live; 0 = for ever. */
  ttl: number;
}

/**
 * Where everything that outlives a request is kept. Keys are `namespace:rest`; values are text; times to live are seconds, and
 * absent or 0 means for ever. Every method may answer at once or with a promise; a store that cannot answer throws or
 * rejects, and the middlewares then follow `onStoreError`.
 *
 * `describeStore` of `express-bunker/store-tests` checks that an implementation keeps this contract.
 */
export interface Store {
  /** The value of `key`, or `undefined` when it is absent or expired. */
  get(key: string): Awaitable<string | undefined>;
  /** Seconds that `key` has left (fractions allowed); 0 = for ever; `undefined` = absent. */
  ttl(key: string): Awaitable<number | undefined>;
  /** Writes `value`, replacing what was there, its time to live included. */
  set(key: string, value: string, ttl?: number): Awaitable<void>;
  /** Writes `value` if `key` is absent, atomically; answers whether it wrote. */
  add(key: string, value: string, ttl: number): Awaitable<boolean>;
  /** Adds `by` to the whole number at `key` (absent = 0), atomically, and answers the sum. `ttl` starts anew with each call. */
  increment(key: string, by: number, ttl: number): Awaitable<number>;
  /**
   * Records one hit at `key` and answers what the last `window` seconds hold: an exact sliding window, atomic.
   * At most the newest `limit` hits are kept. A hit exactly `window` seconds old has left the window.
   */
  hit(key: string, window: number, limit: number, options?: HitOptions): Awaitable<Hits>;
  /** Removes `key` (of any kind); answers whether there was something to remove. */
  delete(key: string): Awaitable<boolean>;
  /** The keys of a namespace whose rest starts with `prefix`: whole keys, expired ones left out, in no order. */
  keys(namespace: Namespace, prefix?: string): AsyncIterable<string>;
  /**
   * The keys of a namespace as {@link keys} lists them, with value and time to live: a store on a network saves a round trip
   * or two a key. What is no text may be left out or have no value.
   */
  entries?(namespace: Namespace, prefix?: string): AsyncIterable<StoreChange>;
  /**
   * Tells `listener` of every change in `namespace`, other instances' included, until the returned function is called.
   * Calls `onGap` when changes may have been missed: whoever keeps copies reads everything anew then.
   */
  watch?(namespace: Namespace, listener: (change: StoreChange) => void, onGap?: () => void): () => void;
  /** Says that bans are shared with software that knows single addresses only: a ban of an IPv6 prefix is kept for the address, too. */
  readonly exactBans?: boolean;
  /** Lets go of timers and connections. Calling it twice is harmless. */
  close?(): Awaitable<void>;
}

/** Thrown (or rejected with) when a namespace's budget is used up and nothing in it may be evicted. */
export class StoreFullError extends Error {
  readonly code = "ERR_BUNKER_STORE_FULL";
  constructor(readonly namespace: Namespace) {
    super(
      withHelp("ERR_BUNKER_STORE_FULL", `no room left for "${namespace}" keys; raise maxKeys.${namespace}`),
    );
    this.name = "StoreFullError";
  }
}
