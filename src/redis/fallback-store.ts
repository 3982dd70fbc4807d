import { RecentMap } from "../recent-map.js";
import { namespaceOf } from "../store/arguments.js";
import { MemoryStore } from "../store/memory-store.js";
import type { BanMark, HitOptions, Hits } from "../store/store.js";
import { RedisAwayError } from "./commands.js";

/** The maximum number of pending writes. */
const MAX_PENDING = 100_000;

/** The maximum number of clients whose counters are found again when their ban is lifted elsewhere, and of counters of each. */
const MAX_CLIENTS = 100_000;
const MAX_KEYS_OF_CLIENT = 16;

/** The client of a key: what stands before "|". */
export function clientOf(key: string): string {
  const start = key.indexOf(":") + 1;
  const bar = key.indexOf("|", start);
  return bar < 0 ? key.slice(start) : key.slice(start, bar);
}

/** A write that waits for Redis to be back. */
export interface PendingWrite {
  readonly key: string;
  readonly value: string;
  /** Seconds; 0 = for ever. */
  readonly ttl: number;
  /** Of a ban. */
  readonly mark?: BanMark | undefined;
}

interface Pending {
  readonly value: string;
  /** In ms; Infinity = never. */
  readonly ends: number;
  readonly mark: BanMark | undefined;
  /** Not sent while a delete of the key is under way. */
  held: boolean;
}

/** Serves calls in this process while Redis is away: counts, remembers used challenges, and queues bans. */
export class FallbackStore {
  /** Kept after the outage, too: whoever was counted here is counted on until the window has passed. */
  private readonly counters = new MemoryStore();
  /** The keys of the counters kept here, by client: from the key's rest up to "|". */
  private readonly keysOf = new RecentMap<string, Set<string>>(MAX_CLIENTS);
  private caches = new MemoryStore();
  /** Kept after the outage: challenges that were used here stay used here. */
  private readonly spent = new MemoryStore();
  private readonly pending = new Map<string, Pending>();
  private dropped = 0;

  /** Returns how many writes were dropped since the last call. */
  takeDropped(): number {
    const { dropped } = this;
    this.dropped = 0;
    return dropped;
  }

  get(key: string): string | undefined {
    const store = this.storeOf(key);
    if (store !== undefined) return store.get(key);
    const kept = this.pendingValue(key);
    if (kept !== undefined) return kept;
    throw new RedisAwayError("Redis is away");
  }

  /** The value that a pending write of a key has, which Redis does not know yet. */
  pendingValue(key: string): string | undefined {
    const kept = this.pending.get(key);
    return kept !== undefined && Date.now() < kept.ends ? kept.value : undefined;
  }

  set(key: string, value: string, ttl: number, mark?: BanMark): void {
    const store = this.storeOf(key);
    // A used challenge stays used.
    if (store === this.spent) store.add(key, value, ttl);
    else if (store !== undefined) store.set(key, value, ttl);
    else {
      if (this.pending.size >= MAX_PENDING && !this.pending.has(key)) {
        this.dropped++;
        throw new RedisAwayError("Redis is away, and too many writes are pending already");
      }
      const ends = ttl === 0 ? Infinity : Date.now() + ttl * 1000;
      this.pending.set(key, { value, ends, mark, held: false });
    }
  }

  add(key: string, value: string, ttl: number): boolean {
    const store = this.storeOf(key);
    if (store !== undefined) return store.add(key, value, ttl);
    // One instance cannot decide what all must agree on.
    throw new RedisAwayError("Redis is away");
  }

  /** Whether this process has counted at `key` on its own, so that it knows of hits that Redis does not. */
  counts(key: string): boolean {
    return this.storeOf(key) === this.counters && this.counters.ttl(key) !== undefined;
  }

  /** The keys of the counters kept here that start with `prefix`. */
  counterKeys(prefix: string): AsyncIterable<string> {
    return this.counters.keys("hit", prefix);
  }

  increment(key: string, by: number, ttl: number): number {
    this.note(key);
    return this.counterOf(key).increment(key, by, ttl);
  }

  hit(key: string, window: number, limit: number, options?: HitOptions): Hits {
    this.note(key);
    return this.counterOf(key).hit(key, window, limit, options);
  }

  delete(key: string): boolean {
    return this.counterOf(key).delete(key);
  }

  /** Forgets a counter or cached answer that Redis has deleted. Returns whether there was one. */
  forget(key: string): boolean {
    const store = this.storeOf(key);
    return store !== undefined && store !== this.spent && store.delete(key);
  }

  /** Whether a challenge was used in this process while Redis was away. */
  hasSpent(key: string): boolean {
    return this.storeOf(key) === this.spent && this.spent.get(key) !== undefined;
  }

  /** The pending writes of keys that start with `prefix`, oldest first. */
  *pendingWrites(prefix = ""): Generator<PendingWrite, void, undefined> {
    for (const [key, { value, ends, mark }] of [...this.pending]) {
      if (!key.startsWith(prefix)) continue;
      const left = ends === Infinity ? 0 : (ends - Date.now()) / 1000;
      if (ends === Infinity || left > 0) yield { key, value, ttl: left, mark };
      else this.pending.delete(key);
    }
  }

  /** About how many writes are pending. */
  get pendingCount(): number {
    return this.pending.size;
  }

  get hasPending(): boolean {
    return this.pending.size > 0;
  }

  /** The pending writes to send. */
  *sendable(): Generator<PendingWrite, void, undefined> {
    // A write may be dropped, replaced or held while others are being sent.
    for (const write of this.pendingWrites()) {
      const now = this.pending.get(write.key);
      if (now?.value === write.value && !now.held) yield write;
    }
  }

  /** Deletes a key elsewhere: its pending write waits meanwhile, and is dropped only when the delete has succeeded. */
  async whileDeleting(key: string, work: () => Promise<boolean>): Promise<boolean> {
    const pending = this.pending.get(key);
    if (pending === undefined) return work();
    pending.held = true;
    try {
      await work();
      if (this.pending.get(key) === pending) this.pending.delete(key);
      return Date.now() < pending.ends;
    } finally {
      pending.held = false;
    }
  }

  /** Drops the pending write of a key. */
  discard(key: string): void {
    this.pending.delete(key);
  }

  /** Removes a pending write that was sent, unless a newer one has replaced it. */
  confirm(key: string, value: string): void {
    if (this.pending.get(key)?.value === value) this.pending.delete(key);
  }

  /** Forgets cached answers: Redis has newer ones. */
  forgetCaches(): void {
    this.caches.close();
    this.caches = new MemoryStore();
  }

  /** Forgets the counters of a client: its ban was lifted. */
  forgetCounters(client: string): void {
    for (const key of this.keysOf.get(client) ?? []) this.counters.delete(key);
    this.keysOf.delete(client);
  }

  close(): void {
    for (const store of [this.counters, this.caches, this.spent]) store.close();
  }

  // The store of the namespaces that this process can serve by itself.
  private storeOf(key: string): MemoryStore | undefined {
    const namespace = namespaceOf(key);
    if (namespace === "spent") return this.spent;
    if (namespace === "hit") return this.counters;
    return namespace === "cache" ? this.caches : undefined;
  }

  private note(key: string): void {
    const client = clientOf(key);
    const keys = this.keysOf.get(client);
    if (keys === undefined) this.keysOf.set(client, new Set([key]));
    else if (keys.size < MAX_KEYS_OF_CLIENT) keys.add(key);
  }

  private counterOf(key: string): MemoryStore {
    const store = this.storeOf(key);
    if (store === undefined || store === this.spent) throw new RedisAwayError("Redis is away");
    return store;
  }
}
