import { namespaceOf } from "../store/arguments.js";
import { MemoryStore } from "../store/memory-store.js";
import type { HitOptions, Hits, Namespace } from "../store/store.js";
import { RedisAwayError } from "./commands.js";

/** The maximum number of pending writes. */
const MAX_PENDING = 100_000;

/** A write that waits for Redis to be back. */
export interface PendingWrite {
  readonly key: string;
  readonly value: string;
  /** Seconds; 0 = for ever. */
  readonly ttl: number;
}

interface Kept {
  readonly value: string;
  /** When it expires, in ms; Infinity = never. */
  readonly ends: number;
}

/** The namespaces that this process can serve by itself. */
const isCounter = (namespace: Namespace): boolean => namespace === "hit" || namespace === "cache";

/** Serves calls in this process while Redis is away: counts, remembers used challenges, and queues bans. */
export class FallbackStore {
  private counters = new MemoryStore();
  /** Kept after the outage: challenges that were used here stay used here. */
  private readonly spent = new MemoryStore();
  private readonly pending = new Map<string, Kept>();
  private spentAny = false;
  private dropped = 0;

  /** Returns how many writes were dropped since the last call. */
  takeDropped(): number {
    const { dropped } = this;
    this.dropped = 0;
    return dropped;
  }

  get(key: string): string | undefined {
    const namespace = namespaceOf(key);
    if (isCounter(namespace)) return this.counters.get(key);
    if (namespace === "spent") return this.spent.get(key);
    const kept = this.pending.get(key);
    if (kept !== undefined && Date.now() < kept.ends) return kept.value;
    throw new RedisAwayError("Redis is away");
  }

  set(key: string, value: string, ttl: number): void {
    const namespace = namespaceOf(key);
    if (isCounter(namespace)) this.counters.set(key, value, ttl);
    else if (namespace === "spent") this.spend(key, value, ttl);
    else this.enqueue(key, { value, ends: ttl === 0 ? Infinity : Date.now() + ttl * 1000 });
  }

  add(key: string, value: string, ttl: number): boolean {
    const namespace = namespaceOf(key);
    if (namespace === "spent") return this.spend(key, value, ttl);
    if (isCounter(namespace)) return this.counters.add(key, value, ttl);
    // One instance cannot decide what all must agree on.
    throw new RedisAwayError("Redis is away");
  }

  increment(key: string, by: number, ttl: number): number {
    this.requireCounter(key);
    return this.counters.increment(key, by, ttl);
  }

  hit(key: string, window: number, limit: number, options?: HitOptions): Hits {
    this.requireCounter(key);
    return this.counters.hit(key, window, limit, options);
  }

  delete(key: string): boolean {
    this.requireCounter(key);
    return this.counters.delete(key);
  }

  /** Whether a challenge was used in this process while Redis was away. */
  hasSpent(key: string): boolean {
    return this.spentAny && namespaceOf(key) === "spent" && this.spent.get(key) !== undefined;
  }

  /** The pending writes of keys that start with `prefix`, oldest first. */
  *pendingWrites(prefix = ""): Generator<PendingWrite, void, undefined> {
    for (const [key, { value, ends }] of [...this.pending]) {
      if (!key.startsWith(prefix)) continue;
      const left = ends === Infinity ? 0 : (ends - Date.now()) / 1000;
      if (ends === Infinity || left > 0) yield { key, value, ttl: left };
      else this.pending.delete(key);
    }
  }

  get hasPending(): boolean {
    return this.pending.size > 0;
  }

  /** Drops the pending write of a key. */
  discard(key: string): void {
    this.pending.delete(key);
  }

  /** Removes a pending write that was sent, unless a newer one has replaced it. */
  confirm(key: string, value: string): void {
    if (this.pending.get(key)?.value === value) this.pending.delete(key);
  }

  /** Forgets all counters: Redis counts again. */
  resetCounters(): void {
    this.counters.close();
    this.counters = new MemoryStore();
  }

  close(): void {
    this.counters.close();
    this.spent.close();
  }

  private spend(key: string, value: string, ttl: number): boolean {
    this.spentAny = true;
    return this.spent.add(key, value, ttl);
  }

  private enqueue(key: string, kept: Kept): void {
    if (this.pending.size >= MAX_PENDING && !this.pending.has(key)) {
      this.dropped++;
      throw new RedisAwayError("Redis is away, and too many writes are pending already");
    }
    this.pending.set(key, kept);
  }

  private requireCounter(key: string): void {
    if (!isCounter(namespaceOf(key))) throw new RedisAwayError("Redis is away");
  }
}
