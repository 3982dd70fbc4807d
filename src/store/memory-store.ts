import { allProblemsAtOnce, readOptions, type Resolved } from "../options/table.js";
import { HAND_RESERVE } from "./ban-reserve.js";
import { checkHit, invalidKey, namespaceOf, validTtl } from "./arguments.js";
import { REFUSE_WHEN_FULL, type Admission } from "./memory/admission.js";
import { Eviction } from "./memory/eviction.js";
import { countHits, Hit } from "./memory/hit-window.js";
import { memoryTable, type MemoryStoreOptions } from "./memory/memory-options.js";
import { Quotas } from "./memory/quotas.js";
import { Partition } from "./memory/partition.js";
import { Sweeper } from "./memory/sweeper.js";
import { Watchers } from "./memory/watchers.js";
import { guessBudget, isGuess } from "./spent-keys.js";
import { NAMESPACES } from "./store.js";
import type { HitOptions, Hits, Namespace, Store, StoreChange } from "./store.js";

/** Expired keys of a namespace that one slice of a sweep removes: about a millisecond of work. */
const SWEEP_SLICE = 1000;
/** The ids of guesses are `spent` keys, but have a budget of their own. */
type PartitionName = Namespace | "guess";

/** Slots that {@link MemoryStore.keys} reads before it yields to the event loop. */
const KEYS_SLICE = 5000;

/**
 * Holds everything in this process's memory, with a budget of keys and bytes for each namespace. It always returns plain values, never
 * promises, and never blocks the process for long, however many keys it holds.
 *
 * When a namespace is full, new `hit` and `cache` keys evict old ones; new `ban`, `state` and `spent` keys are refused with a
 * {@link StoreFullError}. Existing keys can always be overwritten.
 */
export class MemoryStore implements Store {
  /** Nothing in it outlives this process. */
  readonly ephemeral = true;
  /** The store's clock, in ms. */
  readonly now = (): number => this.clock();

  private readonly options: Resolved<typeof memoryTable>;
  private readonly watchers = new Watchers();
  private readonly sweep = (): "more" | "later" | "nothing" => this.sweepSlice();
  private readonly sweeper = new Sweeper(this.sweep);
  private partitions: ReadonlyMap<PartitionName, Partition>;
  private clock: () => number;
  /** Added to the clock, so that a change of the clock keeps every key's time to live. */
  private offset = 0;

  /**
   * @throws {BunkerOptionsError} (`ERR_BUNKER_OPTIONS`) listing all invalid options
   */
  constructor(options: MemoryStoreOptions = {}) {
    this.options = allProblemsAtOnce((report) => readOptions(memoryTable, options, "", report));
    this.clock = this.options.now ?? Date.now;
    this.partitions = this.newPartitions();
  }

  /** Sets the clock (ms), unless the constructor received one. Keys keep their times to live. */
  useClock(now: () => number): void {
    if (this.options.now !== undefined || now === this.clock) return;
    const empty = [...this.partitions.values()].every((partition) => partition.size === 0);
    this.offset = empty ? 0 : this.time() - now();
    this.clock = now;
  }

  get(key: string): string | undefined {
    const partition = this.partitionOf(key);
    const slot = partition.find(key);
    const value = slot === undefined ? undefined : partition.valueAt(slot);
    // A window has no string value: only `hit` reads it.
    return value === undefined || value instanceof Hit ? undefined : String(value);
  }

  ttl(key: string): number | undefined {
    const partition = this.partitionOf(key);
    const slot = partition.find(key);
    if (slot === undefined) return undefined;
    const expires = partition.expiresAt(slot);
    return expires === Infinity ? 0 : (expires - this.time()) / 1000;
  }

  /** @throws {StoreFullError} when a new `ban`, `state` or `spent` key is refused */
  set(key: string, value: string, ttl = 0): void {
    const partition = this.partitionOf(key);
    partition.write(key, value, this.expiryOf(ttl), key.startsWith("ban:"));
    this.written(key, value, ttl);
  }

  /** @throws {StoreFullError} when a new `ban`, `state` or `spent` key is refused */
  add(key: string, value: string, ttl: number): boolean {
    const partition = this.partitionOf(key);
    if (partition.find(key) !== undefined) return false;
    this.write(partition, key, value, ttl);
    return true;
  }

  /**
   * @throws {StoreFullError} when a new `ban`, `state` or `spent` key is refused
   * @throws {TypeError} when `key` does not hold a whole number
   */
  increment(key: string, by: number, ttl: number): number {
    const partition = this.partitionOf(key);
    const slot = partition.find(key);
    const before = slot === undefined ? 0 : partition.valueAt(slot);
    const number = before instanceof Hit || before === "" ? NaN : Number(before);
    if (!Number.isSafeInteger(number)) throw new TypeError(`"${key}" does not hold a whole number`);
    const sum = number + by;
    if (!Number.isSafeInteger(sum)) throw new RangeError(`"${key}" cannot become ${sum}: not a safe integer`);
    this.write(partition, key, sum, ttl);
    return sum;
  }

  /** @throws {TypeError} when `key` does not hold hits */
  hit(key: string, window: number, limit: number, options: HitOptions = {}): Hits {
    const { weight = 1, note } = options;
    checkHit(window, limit, weight);
    const now = this.time();
    const partition = this.partitionOf(key);
    const slot = partition.find(key);
    const before = slot === undefined ? undefined : partition.valueAt(slot);
    if (before !== undefined && !(before instanceof Hit)) throw new TypeError(`"${key}" does not hold hits`);
    // Keeps the hits in order when the clock was set back.
    const at = before === undefined ? now : Math.max(now, before.at);
    const newest = new Hit(at, weight, note, before);
    const hits = countHits(newest, at, window * 1000, limit);
    // Watchers are not notified: there are too many hits.
    if (slot === undefined) partition.write(key, newest, at + window * 1000);
    else partition.overwrite(slot, newest, at + window * 1000);
    this.sweeper.wake();
    return hits;
  }

  delete(key: string): boolean {
    const partition = this.partitionOf(key);
    const slot = partition.find(key);
    if (slot === undefined) return false;
    partition.vacate(slot);
    this.notify(key, undefined, 0);
    return true;
  }

  /** Lists a key that exists throughout exactly once. Yields to the event loop in between. */
  async *keys(namespace: Namespace, prefix = ""): AsyncGenerator<string, void, undefined> {
    const start = `${namespace}:${prefix}`;
    for (const name of namespace === "spent" ? (["spent", "guess"] as const) : [namespace]) {
      const partition = this.partitions.get(name) ?? invalidKey(start);
      for (let slot = 0; slot < partition.end; slot++) {
        if (slot % KEYS_SLICE === KEYS_SLICE - 1) await new Promise((resolve) => setImmediate(resolve));
        const key = partition.keyAt(slot);
        if (key?.startsWith(start) === true) yield key;
      }
    }
  }

  /** Listeners are called before the call that made the change returns. Evictions are reported as deletions. */
  watch(namespace: Namespace, listener: (change: StoreChange) => void): () => void {
    return this.watchers.add(namespace, listener);
  }

  /** Deletes everything, for tests; listeners are called for each key. */
  clear(): void {
    const cleared = this.partitions;
    this.partitions = this.newPartitions();
    for (const [name, partition] of cleared) {
      if (!this.watchers.hasListeners(name === "guess" ? "spent" : name)) continue;
      for (let slot = 0; slot < partition.end; slot++) {
        const key = partition.keyAt(slot);
        if (key !== undefined) this.notify(key, undefined, 0);
      }
    }
  }

  /** Stops the timer that removes expired keys. Stored keys stay, and the store keeps working. */
  close(): void {
    this.sweeper.close();
  }

  private time(): number {
    return this.clock() + this.offset;
  }

  private partitionOf(key: string): Partition {
    const namespace = namespaceOf(key);
    const name = namespace === "spent" && isGuess(key) ? "guess" : namespace;
    return this.partitions.get(name) ?? invalidKey(key);
  }

  private write(partition: Partition, key: string, value: string | number, ttl: number): void {
    partition.write(key, value, this.expiryOf(ttl));
    this.written(key, value, ttl);
  }

  private written(key: string, value: string | number, ttl: number): void {
    this.sweeper.wake();
    this.notify(key, value, ttl);
  }

  private expiryOf(ttl: number): number {
    return validTtl(ttl) === 0 ? Infinity : this.time() + ttl * 1000;
  }

  private notify(key: string, value: string | number | undefined, ttl: number): void {
    const namespace = namespaceOf(key);
    if (this.watchers.hasListeners(namespace))
      this.watchers.notify(namespace, { key, value: value === undefined ? undefined : String(value), ttl });
  }

  private sweepSlice(): "more" | "later" | "nothing" {
    const partitions = [...this.partitions.values()];
    const swept = partitions.map((partition) => partition.sweep(SWEEP_SLICE));
    if (swept.includes(false)) return "more";
    return partitions.some((partition) => partition.expires) ? "later" : "nothing";
  }

  private newPartitions(): ReadonlyMap<PartitionName, Partition> {
    const { engine } = this.options;
    const maxKeys = { ...this.options.maxKeys, guess: guessBudget(this.options.maxKeys.spent) };
    const maxBytes = { ...this.options.maxBytes, guess: guessBudget(this.options.maxBytes.spent) };
    const admissions: Record<PartitionName, Admission> = {
      ban: new Quotas(maxKeys.ban, maxBytes.ban, HAND_RESERVE),
      state: REFUSE_WHEN_FULL,
      spent: new Quotas(maxKeys.spent, maxBytes.spent),
      guess: new Quotas(maxKeys.guess, maxBytes.guess),
      hit: new Eviction(maxKeys.hit),
      cache: new Eviction(maxKeys.cache),
    };
    const now = (): number => this.time();
    const onEvicted = (key: string): void => this.notify(key, undefined, 0);
    const partitionFor = (name: PartitionName): Partition => {
      const namespace = name === "guess" ? "spent" : name;
      return new Partition({
        namespace,
        maxKeys: maxKeys[name],
        maxBytes: maxBytes[name],
        admission: admissions[name],
        engine,
        now,
        onEvicted,
      });
    };
    const names: readonly PartitionName[] = [...NAMESPACES, "guess"];
    return new Map(names.map((name) => [name, partitionFor(name)]));
  }
}
