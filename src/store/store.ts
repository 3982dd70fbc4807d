import type { Awaitable } from "../awaitable.js";
import { withHelp } from "../errors.js";

/**
 * The purpose of a key. Each namespace has its own budget, so that a flood in one never evicts keys of another.
 *
 * - `ban`: bans; never evicted.
 * - `spent`: ids of challenges that were already used; new ones are refused when full.
 * - `hit`: sliding windows and counters.
 * - `cache`: verdicts that can be computed again; evicted first.
 * - `state`: the few values an instance must remember (generated secrets, instance ids, revocation marks of passes).
 */
export type Namespace = "ban" | "spent" | "hit" | "cache" | "state";

/** Every namespace, most important first. */
export const NAMESPACES: readonly Namespace[] = ["ban", "state", "spent", "hit", "cache"];

/** The result of {@link Store.hit}. */
export interface Hits {
  /** The sum of the weights of the hits inside the window, including the new one. */
  count: number;
  /** The notes of those hits, oldest first; a hit without a note adds none. */
  notes: string[];
}

/** Options of one hit. */
export interface HitOptions {
  /** How much this hit counts: a whole number from 1. Default 1. */
  weight?: number;
  /** A short text stored with the hit and returned by {@link Store.hit}. */
  note?: string;
  /** Called with the hits of all instances when they arrive only after {@link Store.hit} has returned what this one knew. */
  late?: (hits: Hits) => void;
}

/** A change of one key, made by this or another instance. */
export interface StoreChange {
  /** The whole key, namespace included. */
  key: string;
  /** The new value; `undefined` when the key was deleted. Expiry is not reported. */
  value: string | undefined;
  /** Seconds left to live; 0 = for ever. */
  ttl: number;
}

/** The mark that a ban leaves: passes that were issued before the ban stay void after its end. */
export interface BanMark {
  /** When the ban began, in ms. */
  readonly began: number;
  /** For how long after its end passes issued before it stay void, in seconds. */
  readonly retention: number;
}

/** A ban to write, with its mark. */
export interface BanWrite {
  readonly key: string;
  readonly value: string;
  /** Seconds; 0 = for ever. */
  readonly ttl: number;
  readonly mark: BanMark;
}

/** Options of {@link Store.tally}. */
export interface TallyOptions {
  /** How long the key is kept after this call, in seconds. */
  readonly ttl: number;
  /**
   * How many counters the key may have. What a new one beyond that would count is added to the counter that is named as it is up to
   * its first `|`, so that sums stay right.
   */
  readonly max: number;
  /** A unique name of the caller. */
  readonly by: string;
  /** The number of the call: each call of a caller about one key has a higher one than the calls before. */
  readonly call: number;
}

/**
 * Holds everything that outlives a request. Keys are `namespace:rest`, values are strings, and times to live are seconds;
 * absent or 0 means for ever. Every method may return its result directly or as a promise. A store that fails throws or
 * rejects, and the middlewares then follow `onStoreError`.
 *
 * `describeStore` of `express-bunker/store-tests` checks that an implementation keeps this contract.
 */
export interface Store {
  /** The value of `key`, or `undefined` when it is absent or expired. */
  get(key: string): Awaitable<string | undefined>;
  /** The seconds that `key` has left (fractions allowed); 0 = for ever; `undefined` = absent. */
  ttl(key: string): Awaitable<number | undefined>;
  /** Writes `value`, replacing the old value and its time to live. */
  set(key: string, value: string, ttl?: number): Awaitable<void>;
  /** Writes `value` if `key` is absent, atomically; returns whether it wrote. */
  add(key: string, value: string, ttl: number): Awaitable<boolean>;
  /**
   * Writes a ban and its mark at once: as {@link set} does, or, for `mode` `"add"`, as {@link add} does. Watchers are notified of
   * the ban alone. Once it is over, {@link pages} lists the mark as `state:void|` and the ban's rest, with `began` as its value.
   * Without this method, such a key is written with each ban.
   */
  writeBan?(ban: BanWrite, mode: "set" | "add"): Awaitable<boolean>;
  /** Adds `by` to the whole number at `key` (absent = 0), atomically, and returns the sum. Each call restarts `ttl`. */
  increment(key: string, by: number, ttl: number): Awaitable<number>;
  /**
   * Records one hit at `key`, atomically, and returns the hits of the last `window` seconds: an exact sliding window.
   * At most the newest `limit` hits are kept. A hit that is exactly `window` seconds old has left the window.
   */
  hit(key: string, window: number, limit: number, options?: HitOptions): Awaitable<Hits>;
  /**
   * Adds whole numbers to named counters that `key` holds, atomically. A call that is repeated because it failed has the number of the
   * first attempt: it changes nothing if that was carried out within the last hour. While the store cannot be reached, it fails.
   * Without this method and {@link tallies}, each instance keeps its own history.
   */
  tally?(key: string, counts: ReadonlyMap<string, number>, options: TallyOptions): Awaitable<void>;
  /** The counters of each key, in the order of the keys; none for a key that is absent. */
  tallies?(keys: readonly string[]): Awaitable<readonly ReadonlyMap<string, number>[]>;
  /** Removes `key` (of any kind); returns whether it existed. */
  delete(key: string): Awaitable<boolean>;
  /** The keys of a namespace that continue with `prefix`: whole keys, without expired ones, in any order. */
  keys(namespace: Namespace, prefix?: string): AsyncIterable<string>;
  /**
   * The keys of a namespace as {@link keys} lists them, with value and time to live, which saves a store on a network one or
   * two round trips per key. A key that does not hold a string may be left out or have no value.
   */
  entries?(namespace: Namespace, prefix?: string): AsyncIterable<StoreChange>;
  /**
   * The keys as {@link entries} lists them, in arrays of about a thousand: what an instance reads when it starts. A key may come
   * twice. The value of a ban in BunkerWeb's JSON may lack `reason_data`.
   */
  pages?(namespace: Namespace, prefix?: string): AsyncIterable<readonly StoreChange[]>;
  /**
   * Calls `listener` with every change in `namespace`, including those of other instances, until the returned function is
   * called. Calls `onGap` when changes may have been missed, so that copies must be read again.
   */
  watch?(namespace: Namespace, listener: (change: StoreChange) => void, onGap?: () => void): () => void;
  /** `true` = bans are shared with software that knows only single addresses: a ban of an IPv6 prefix is stored for the address too. */
  readonly exactBans?: boolean;
  /**
   * `true` = everything in it is lost with this process and no other process reads it, so what the process remembers by itself
   * need not be stored, too.
   */
  readonly ephemeral?: boolean;
  /** What is wrong with the store now, in words, for `health()` and `ready()`; `undefined` = nothing. */
  readonly problem?: string | undefined;
  /** The store's clock, in ms since 1970. Instances that share the store then agree about the age of passes and bans. Default: `Date.now`. */
  now?(): number;
  /** Releases timers and connections. May be called twice. */
  close?(): Awaitable<void>;
}

/** A store throws it, or rejects with it, when a namespace's budget is used up and nothing in it may be evicted. */
export class StoreFullError extends Error {
  readonly code = "ERR_BUNKER_STORE_FULL";
  constructor(
    readonly namespace: Namespace,
    /** What is used up: the number of keys, their bytes, or the share of one client or network in either. */
    readonly limit: "keys" | "bytes" | "share" = "keys",
  ) {
    const option = limit === "bytes" ? `maxBytes.${namespace}` : `maxKeys.${namespace}`;
    const text =
      limit === "share"
        ? `one client or network has its full share of the "${namespace}" keys; raise ${option} only if that is no attack`
        : `no room left for "${namespace}" keys; raise ${option}`;
    super(withHelp("ERR_BUNKER_STORE_FULL", text));
    this.name = "StoreFullError";
  }
}
