import { StoreFullError, type Namespace } from "../store.js";
import type { Admission } from "./admission.js";
import { ExpiryQueue } from "./expiry-queue.js";
import { Hit, textBytes, windowBytes } from "./hit-window.js";
import { KeyIndex, type MemoryEngine } from "./key-index.js";

/** The value of a key: a string, a counter, or a window of hits. */
export type Value = string | number | Hit;

const FIRST_CAPACITY = 64;
/**
 * From this capacity on the arrays grow to their full length at once: little is copied, and the system allocates the memory of
 * new arrays only as it is used.
 */
const FULL_SIZE_FROM = 32_768;
/** Each insertion removes up to this many expired keys: more than it adds, so that their number falls. */
const SWEPT_PER_KEY = 2;
/** Before a key is refused, up to this many expired keys are removed: about a millisecond of work. */
const SWEPT_BEFORE_REFUSAL = 1000;

/** The bytes of a key besides its texts: its slot in the arrays and its place in the index. */
const KEY_BYTES = 120;
/** Keys that are evicted for one that needs their bytes. */
const EVICTED_PER_KEY = 8;

/** Options of a {@link Partition}. */
export interface PartitionOptions {
  readonly namespace: Namespace;
  readonly maxKeys: number;
  readonly maxBytes: number;
  readonly admission: Admission;
  readonly engine: MemoryEngine;
  /** The clock, in ms. */
  readonly now: () => number;
  /** Called with each key that was evicted for a new one. */
  readonly onEvicted: (key: string) => void;
}

/**
 * The keys of one namespace. Each key has a slot, the index of its parts in a few arrays, which take less memory than an object
 * per key.
 */
export class Partition {
  private readonly index: KeyIndex;
  private readonly expiry = new ExpiryQueue();
  private keys: (string | undefined)[] = [];
  private values: (Value | undefined)[] = [];
  private free: number[] = [];
  private sizes = new Int32Array(0);
  private capacity = 0;
  private used = 0;

  constructor(private readonly options: PartitionOptions) {
    this.index = new KeyIndex(options.maxKeys, options.engine);
  }

  /** How many keys there are, including expired ones that were not removed yet. */
  get size(): number {
    return this.keys.length - this.free.length;
  }

  /** The bytes that the keys and their values take, estimated. */
  get bytes(): number {
    return this.used;
  }

  get expires(): boolean {
    return this.expiry.size > 0;
  }

  /** The highest slot that was ever used, plus one. */
  get end(): number {
    return this.keys.length;
  }

  /** The slot of a key that exists and has not expired. */
  find(key: string): number | undefined {
    const slot = this.index.get(key);
    return slot === undefined || this.hasExpired(slot) ? undefined : slot;
  }

  /** The key in a slot, unless it is empty or expired. */
  keyAt(slot: number): string | undefined {
    const key = this.keys[slot];
    return key === undefined || this.hasExpired(slot) ? undefined : key;
  }

  valueAt(slot: number): Value {
    return this.values[slot] as Value;
  }

  /** When a slot expires, in ms; `Infinity` = never. */
  expiresAt(slot: number): number {
    return this.expiry.timeOf(slot);
  }

  /**
   * Writes a key, which expires at `expires` (ms).
   *
   * @throws {StoreFullError} when the key is new and not admitted
   */
  write(key: string, value: Value, expires: number, byHand = false): void {
    const slot = this.index.get(key);
    if (slot !== undefined && !this.hasExpired(slot)) this.overwrite(slot, value, expires);
    else {
      if (slot !== undefined) this.vacate(slot);
      this.insert(key, value, expires, byHand);
    }
  }

  overwrite(slot: number, value: Value, expires: number): void {
    const key = this.keys[slot] as string;
    this.values[slot] = value;
    this.expiry.set(slot, expires);
    const more = bytesOf(key, value) - (this.sizes[slot] as number);
    this.sizes[slot] = (this.sizes[slot] as number) + more;
    this.used += more;
    this.options.admission.renewed?.(slot, key, more);
    // The keys that are overwritten again and again must not outgrow the budget, either.
    if (more > 0 && this.used > this.options.maxBytes) this.evictFor(key, slot);
  }

  /** Empties a slot that is in use; returns its key. */
  vacate(slot: number): string {
    const key = this.keys[slot] as string;
    this.index.delete(key);
    this.expiry.delete(slot);
    const bytes = this.sizes[slot] as number;
    this.used -= bytes;
    this.options.admission.removed?.(slot, key, bytes);
    this.keys[slot] = undefined;
    this.values[slot] = undefined;
    this.free.push(slot);
    if (this.size === 0) this.shrink();
    return key;
  }

  /** Removes up to `max` expired keys; returns whether none is left. */
  sweep(max: number): boolean {
    const now = this.options.now();
    for (let swept = 0; swept < max; swept++) {
      const slot = this.expiry.expired(now);
      if (slot === undefined) return true;
      this.vacate(slot);
    }
    return this.expiry.expired(now) === undefined;
  }

  private hasExpired(slot: number): boolean {
    return this.expiry.timeOf(slot) <= this.options.now();
  }

  private insert(key: string, value: Value, expires: number, byHand: boolean): void {
    this.sweep(SWEPT_PER_KEY);
    const victim = this.admit(key, byHand);
    const evicted = victim === undefined ? undefined : this.vacate(victim);
    const bytes = bytesOf(key, value);
    const slot = this.free.pop() ?? this.newSlot();
    this.keys[slot] = key;
    this.values[slot] = value;
    this.index.set(key, slot);
    this.expiry.set(slot, expires);
    this.sizes[slot] = bytes;
    this.used += bytes;
    this.options.admission.added?.(slot, key, bytes);
    if (evicted !== undefined) this.options.onEvicted(evicted);
    if (this.used > this.options.maxBytes) this.evictFor(key, slot);
  }

  // The slot to evict for a new key.
  private admit(key: string, byHand: boolean): number | undefined {
    const { admission, namespace, now } = this.options;
    let admitted = admission.admit(key, this.fullness, this.size, byHand);
    if (typeof admitted === "object" && this.expiry.expired(now()) !== undefined) {
      // Some keys may have expired without having been removed.
      this.sweep(SWEPT_BEFORE_REFUSAL);
      admitted = admission.admit(key, this.fullness, this.size, byHand);
    }
    if (typeof admitted === "object") throw new StoreFullError(namespace, admitted.limit);
    return admitted;
  }

  private get fullness(): { keys: boolean; bytes: boolean } {
    const { maxKeys, maxBytes } = this.options;
    return { keys: this.size >= maxKeys, bytes: this.used >= maxBytes };
  }

  // Evicts keys other than that in `slot` until its bytes fit, where anything may be evicted.
  private evictFor(key: string, slot: number): void {
    const { admission, maxBytes, onEvicted } = this.options;
    for (let evicted = 0; evicted < EVICTED_PER_KEY && this.used > maxBytes; evicted++) {
      const victim = admission.admit(key, { keys: false, bytes: true }, this.size);
      if (typeof victim !== "number" || victim === slot) return;
      onEvicted(this.vacate(victim));
    }
  }

  // Nothing is left: what a flood took is given back.
  private shrink(): void {
    if (this.capacity <= FIRST_CAPACITY) return;
    this.keys = [];
    this.values = [];
    this.free = [];
    this.resize(0);
  }

  private newSlot(): number {
    const slot = this.keys.length;
    if (slot === this.capacity) {
      const { maxKeys } = this.options;
      const wanted = this.capacity >= FULL_SIZE_FROM ? maxKeys : Math.max(FIRST_CAPACITY, this.capacity * 8);
      this.resize(Math.min(maxKeys, wanted));
    }
    return slot;
  }

  private resize(capacity: number): void {
    this.capacity = capacity;
    this.expiry.resize(capacity);
    const sizes = this.sizes.subarray(0, capacity);
    this.sizes = new Int32Array(capacity);
    this.sizes.set(sizes);
    this.options.admission.resize?.(capacity);
  }
}

function bytesOf(key: string, value: Value): number {
  const bytes = value instanceof Hit ? windowBytes(value) : typeof value === "string" ? textBytes(value) : 0;
  return KEY_BYTES + textBytes(key) + bytes;
}
