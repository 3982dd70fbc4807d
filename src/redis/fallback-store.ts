import { MemoryStore } from "../store/memory-store.js";
import type { HitOptions, Hits, Namespace } from "../store/store.js";
import { RedisAwayError } from "./commands.js";

/** How many writes wait for Redis at most. */
const MAX_PENDING = 100_000;

/** A write that waits for Redis. */
export interface PendingWrite {
  readonly key: string;
  readonly value: string;
  /** Seconds left; 0 = for ever. */
  readonly ttl: number;
}

interface Kept {
  readonly value: string;
  /** ms; Infinity = never. */
  readonly ends: number;
}

const namespaceOf = (key: string): Namespace => key.slice(0, key.indexOf(":")) as Namespace;

/** What answers in this process while Redis is away: counters and spent ids here, bans wait to be written. */
export class FallbackStore {
  private counters = new MemoryStore();
  /** Outlives the outage: what was spent here stays spent here. */
  private readonly spent = new MemoryStore();
  private readonly pending = new Map<string, Kept>();
  private spentAny = false;
  private dropped = 0;

  /** How many bans found no room to wait since this was last asked. */
  takeDropped(): number {
    const { dropped } = this;
    this.dropped = 0;
    return dropped;
  }

  get(key: string): string | undefined {
    const namespace = namespaceOf(key);
    if (namespace === "hit" || namespace === "cache") return this.counters.get(key);
    if (namespace === "spent") return this.spent.get(key);
    const kept = this.pending.get(key);
    if (kept !== undefined && Date.now() < kept.ends) return kept.value;
    throw new RedisAwayError("Redis is away");
  }

  set(key: string, value: string, ttl: number): void {
    const namespace = namespaceOf(key);
    if (namespace === "hit" || namespace === "cache") this.counters.set(key, value, ttl);
    else if (namespace === "spent") this.spend(key, value, ttl);
    else this.enqueue(key, { value, ends: ttl === 0 ? Infinity : Date.now() + ttl * 1000 });
  }

  add(key: string, value: string, ttl: number): boolean {
    const namespace = namespaceOf(key);
    if (namespace === "spent") return this.spend(key, value, ttl);
    if (namespace === "hit" || namespace === "cache") return this.counters.add(key, value, ttl);
    // What all instances must agree on cannot be settled by one.
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
    const namespace = namespaceOf(key);
    if (namespace === "hit" || namespace === "cache") return this.counters.delete(key);
    throw new RedisAwayError("Redis is away");
  }

  /** Whether an id was spent in this process while Redis was away. */
  hasSpent(key: string): boolean {
    return this.spentAny && namespaceOf(key) === "spent" && this.spent.get(key) !== undefined;
  }

  /** The writes that wait for keys that start with `prefix`, oldest first. */
  *pendingWrites(prefix = ""): Generator<PendingWrite, void, undefined> {
    for (const [key, { value, ends }] of [...this.pending]) {
      if (!key.startsWith(prefix)) continue;
      const left = ends === Infinity ? 0 : (ends - Date.now()) / 1000;
      if (ends === Infinity || left > 0) yield { key, value, ttl: left };
      else this.pending.delete(key);
    }
  }

  /** Whether any write waits. */
  get hasPending(): boolean {
    return this.pending.size > 0;
  }

  /** A write that waits is no longer wanted. */
  discard(key: string): void {
    this.pending.delete(key);
  }

  /** A write that waited was made; a newer one for the same key goes on waiting. */
  confirm(key: string, value: string): void {
    if (this.pending.get(key)?.value === value) this.pending.delete(key);
  }

  /** Redis counts again: what was counted here is over. */
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
      throw new RedisAwayError("Redis is away, and too many bans wait for it already");
    }
    this.pending.set(key, kept);
  }

  private requireCounter(key: string): void {
    if (namespaceOf(key) !== "hit" && namespaceOf(key) !== "cache") throw new RedisAwayError("Redis is away");
  }
}
