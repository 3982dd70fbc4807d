import { RefuseWhenFull, type Admission } from "./memory/admission.js";
import { Eviction } from "./memory/eviction.js";
import { countHits, Hit } from "./memory/hit-window.js";
import {
  readMemoryOptions,
  type MemoryStoreResolved,
  type MemoryStoreOptions,
} from "./memory/memory-options.js";
import { Quotas } from "./memory/quotas.js";
import { Partition, type Value } from "./memory/partition.js";
import { Sweeper } from "./memory/sweeper.js";
import { Watchers } from "./memory/watchers.js";
import {
  NAMESPACES,
  type HitOptions,
  type Hits,
  type Namespace,
  type Store,
  type StoreChange,
} from "./store.js";

/** Expired keys cleared away at a time when nothing is written, per namespace: about a millisecond's work. */
const SLICE = 1000;
/** Slots that {@link MemoryStore.keys} looks at before it lets others work. */
const KEYS_SLICE = 5000;

/**
 * Keeps everything in this process's memory, within a budget for each namespace (R31). It answers at once, never with
 * a promise, and never stops the process for long, however many keys it holds.
 *
 * When a namespace is full: new `hit` and `cache` keys push out old ones; new `ban`, `state` and `spent` keys are refused
 * with a {@link StoreFullError}. Keys that exist can always be written over.
 */
export class MemoryStore implements Store {
  /** The store's clock, in ms. */
  readonly now = (): number => this.clock();

  private readonly setup: MemoryStoreResolved;
  private readonly watchers = new Watchers();
  private readonly sweep = (): "more" | "later" | "nothing" => this.sweepSlice();
  private readonly sweeper = new Sweeper(this.sweep);
  private partitions: ReadonlyMap<string, Partition>;
  private clock: () => number;
  /** Added to the clock, so that a change of clocks leaves every key the time it had left. */
  private offset = 0;

  /**
   * @param options see {@link MemoryStoreOptions}
   * @throws {BunkerOptionsError} (`ERR_BUNKER_OPTIONS`) listing all that is wrong with them
   */
  constructor(options: MemoryStoreOptions = {}) {
    this.setup = readMemoryOptions(options);
    this.clock = this.setup.now ?? Date.now;
    this.partitions = newPartitions(this.setup);
  }

  /** Takes on a clock (ms), unless the constructor was given one. Keys keep the seconds they had left. */
  useClock(now: () => number): void {
    if (this.setup.now !== undefined || now === this.clock) return;
    const empty = [...this.partitions.values()].every((partition) => partition.size === 0);
    this.offset = empty ? 0 : this.time() - now();
    this.clock = now;
  }

  get(key: string): string | undefined {
    const partition = this.partitionOf(key);
    const slot = partition.find(key, this.time());
    return slot === undefined ? undefined : textOf(partition.valueAt(slot));
  }

  ttl(key: string): number | undefined {
    const now = this.time();
    const partition = this.partitionOf(key);
    const slot = partition.find(key, now);
    if (slot === undefined) return undefined;
    const expires = partition.expiresAt(slot);
    return expires === Infinity ? 0 : (expires - now) / 1000;
  }

  /** @throws {StoreFullError} when a new `ban`, `state` or `spent` key finds no room */
  set(key: string, value: string, ttl = 0): void {
    const now = this.time();
    const partition = this.partitionOf(key);
    this.write(partition, key, partition.find(key, now), value, ttl, now);
  }

  /** @throws {StoreFullError} when a new `ban`, `state` or `spent` key finds no room */
  add(key: string, value: string, ttl: number): boolean {
    const now = this.time();
    const partition = this.partitionOf(key);
    if (partition.find(key, now) !== undefined) return false;
    this.write(partition, key, undefined, value, ttl, now);
    return true;
  }

  /**
   * @throws {StoreFullError} when a new `ban`, `state` or `spent` key finds no room
   * @throws {TypeError} when `key` holds something else than a whole number
   */
  increment(key: string, by: number, ttl: number): number {
    const now = this.time();
    const partition = this.partitionOf(key);
    const slot = partition.find(key, now);
    const sum = (slot === undefined ? 0 : numberOf(key, partition.valueAt(slot))) + by;
    if (!Number.isSafeInteger(sum))
      throw new RangeError(`"${key}" cannot become ${sum}: not a whole number that is kept exactly`);
    this.write(partition, key, slot, sum, ttl, now);
    return sum;
  }

  /** @throws {TypeError} when `key` holds something else than hits */
  hit(key: string, window: number, limit: number, options: HitOptions = {}): Hits {
    const { weight = 1, note } = options;
    if (!(window > 0) || !(limit >= 1) || !Number.isSafeInteger(weight) || weight < 1) {
      throw new RangeError(
        `hit needs a window above 0 s, a limit from 1 and a whole weight from 1, not ${window}, ${limit}, ${weight}`,
      );
    }
    const now = this.time();
    const partition = this.partitionOf(key);
    const slot = partition.find(key, now);
    const before = slot === undefined ? undefined : partition.valueAt(slot);
    if (before !== undefined && !(before instanceof Hit)) throw new TypeError(`"${key}" holds no hits`);
    // A clock that was put back must not bring the hits out of order.
    const at = before === undefined ? now : Math.max(now, before.at);
    const newest = new Hit(at, weight, note, before);
    const hits = countHits(newest, at, window * 1000, limit);
    // Not told to watchers: hits are too many and too small to be news.
    if (slot === undefined) this.insert(partition, key, newest, at + window * 1000, now);
    else partition.overwrite(slot, newest, at + window * 1000);
    return hits;
  }

  delete(key: string): boolean {
    const partition = this.partitionOf(key);
    const slot = partition.find(key, this.time());
    if (slot === undefined) return false;
    partition.vacate(slot);
    this.notify(key, undefined, 0);
    return true;
  }

  /** A key that is there all the while is listed once; others may work in between. */
  async *keys(namespace: Namespace, prefix = ""): AsyncGenerator<string, void, undefined> {
    const partition = this.partitionOf(`${namespace}:`);
    const start = `${namespace}:${prefix}`;
    for (let slot = 0; slot < partition.end; slot++) {
      if (slot % KEYS_SLICE === KEYS_SLICE - 1) await new Promise((resolve) => setImmediate(resolve));
      const key = partition.keyAt(slot, this.time());
      if (key?.startsWith(start) === true) yield key;
    }
  }

  /** Listeners are called before the call that made the change returns. Evictions are told as deletions. */
  watch(namespace: Namespace, listener: (change: StoreChange) => void): () => void {
    return this.watchers.add(namespace, listener);
  }

  /** Deletes everything, for tests; listeners are told of each key. */
  clear(): void {
    const cleared = this.partitions;
    const now = this.time();
    this.partitions = newPartitions(this.setup);
    for (const namespace of NAMESPACES) {
      if (!this.watchers.hasListeners(namespace)) continue;
      const partition = cleared.get(namespace);
      for (let slot = 0; slot < (partition?.end ?? 0); slot++) {
        const key = partition?.keyAt(slot, now);
        if (key !== undefined) this.notify(key, undefined, 0);
      }
    }
  }

  /** Stops the timer that clears expired keys away. What was stored stays, and everything goes on working. */
  close(): void {
    this.sweeper.close();
  }

  private time(): number {
    return this.clock() + this.offset;
  }

  private partitionOf(key: string): Partition {
    const partition = this.partitions.get(key.slice(0, key.indexOf(":")));
    if (partition === undefined)
      throw new TypeError(`a store's keys start with ${NAMESPACES.join(":, ")}:, unlike "${key}"`);
    return partition;
  }

  private write(
    partition: Partition,
    key: string,
    slot: number | undefined,
    value: string | number,
    ttl: number,
    now: number,
  ): void {
    if (!(ttl >= 0) || ttl === Infinity)
      throw new RangeError(`a time to live is a number of seconds from 0, not ${ttl}`);
    const expires = ttl === 0 ? Infinity : now + ttl * 1000;
    if (slot === undefined) this.insert(partition, key, value, expires, now);
    else partition.overwrite(slot, value, expires);
    this.notify(key, value, ttl);
  }

  private insert(partition: Partition, key: string, value: Value, expires: number, now: number): void {
    const evicted = partition.insert(key, value, expires, now);
    this.sweeper.wake();
    if (evicted !== undefined) this.notify(evicted, undefined, 0);
  }

  private notify(key: string, value: string | number | undefined, ttl: number): void {
    const namespace = key.slice(0, key.indexOf(":")) as Namespace;
    if (!this.watchers.hasListeners(namespace)) return;
    this.watchers.notify(namespace, { key, value: value === undefined ? undefined : String(value), ttl });
  }

  private sweepSlice(): "more" | "later" | "nothing" {
    const now = this.time();
    const partitions = [...this.partitions.values()];
    const swept = partitions.map((partition) => partition.sweep(now, SLICE));
    if (swept.includes(false)) return "more";
    return partitions.some((partition) => partition.expires) ? "later" : "nothing";
  }
}

function newPartitions({ maxKeys, engine }: MemoryStoreResolved): ReadonlyMap<string, Partition> {
  const admissions: Record<Namespace, Admission> = {
    ban: new RefuseWhenFull(),
    state: new RefuseWhenFull(),
    spent: new Quotas(maxKeys.spent),
    hit: new Eviction(maxKeys.hit),
    cache: new Eviction(maxKeys.cache),
  };
  return new Map(
    NAMESPACES.map((name) => [name, new Partition(name, maxKeys[name], admissions[name], engine)]),
  );
}

// A window has no text: it is read by hitting it.
function textOf(value: Value): string | undefined {
  return value instanceof Hit ? undefined : String(value);
}

function numberOf(key: string, value: Value): number {
  const number = value instanceof Hit || value === "" ? NaN : Number(value);
  if (!Number.isSafeInteger(number)) throw new TypeError(`"${key}" holds no whole number`);
  return number;
}
