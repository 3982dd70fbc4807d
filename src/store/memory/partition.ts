import { StoreFullError, type Namespace } from "../store.js";
import { REFUSED, type Admission } from "./admission.js";
import { ExpiryQueue } from "./expiry-queue.js";
import type { Hit } from "./hit-window.js";
import { KeyIndex, type MemoryEngine } from "./key-index.js";

/** What a key holds: a text, a counter, or a window of hits. */
export type Value = string | number | Hit;

const FIRST_CAPACITY = 64;
/**
 * From here the columns get their full length at once: what is copied stays little, and the system hands out the memory
 * of fresh columns only as it is used.
 */
const FULL_SIZE_FROM = 32_768;
/** Each new key clears away up to this many expired ones: one more than comes in, so that they get fewer. */
const SWEPT_PER_KEY = 2;
/** Before a key is refused, this many expired ones are cleared away: about a millisecond's work. */
const SWEPT_BEFORE_REFUSAL = 1000;

/**
 * The keys of one namespace, never more than `mostKeys`. Each key has a slot, a number by which its parts lie in
 * columns: a million keys are a few long arrays, not millions of objects.
 */
export class Partition {
  private readonly index: KeyIndex;
  private readonly expiry = new ExpiryQueue();
  private readonly keys: (string | undefined)[] = [];
  private readonly values: (Value | undefined)[] = [];
  private readonly free: number[] = [];
  private capacity = 0;

  constructor(
    private readonly namespace: Namespace,
    private readonly maxKeys: number,
    private readonly admission: Admission,
    engine: MemoryEngine,
  ) {
    this.index = new KeyIndex(maxKeys, engine);
  }

  /** How many keys there are, expired ones that have not been cleared away included. */
  get size(): number {
    return this.keys.length - this.free.length;
  }

  /** Whether any key will ever expire. */
  get expires(): boolean {
    return this.expiry.size > 0;
  }

  /** One more than the highest slot in use. */
  get end(): number {
    return this.keys.length;
  }

  /** The slot of a key that is there and has not expired. */
  find(key: string, now: number): number | undefined {
    const slot = this.index.get(key);
    return slot === undefined || this.expiry.timeOf(slot) <= now ? undefined : slot;
  }

  /** The key in a slot, unless it is empty or expired. */
  keyAt(slot: number, now: number): string | undefined {
    const key = this.keys[slot];
    return key === undefined || this.expiry.timeOf(slot) <= now ? undefined : key;
  }

  /** The value in a slot that is in use. */
  valueAt(slot: number): Value {
    return this.values[slot] as Value;
  }

  /** When a slot expires, in ms; `Infinity` = never. */
  expiresAt(slot: number): number {
    return this.expiry.timeOf(slot);
  }

  /** Writes over the key in a slot that is in use. */
  overwrite(slot: number, value: Value, expires: number): void {
    this.values[slot] = value;
    this.expiry.set(slot, expires);
    this.admission.renewed(slot);
  }

  /**
   * Writes a key that {@link find} did not find; answers the key that was evicted for it, if one was.
   *
   * @throws {StoreFullError} when there is no room for it
   */
  insert(key: string, value: Value, expires: number, now: number): string | undefined {
    const stale = this.index.get(key);
    if (stale !== undefined) this.vacate(stale);
    this.sweep(now, SWEPT_PER_KEY);
    const victim = this.admit(key, now);
    const evicted = victim === undefined ? undefined : this.vacate(victim);
    const slot = this.free.pop() ?? this.newSlot();
    this.keys[slot] = key;
    this.values[slot] = value;
    this.index.set(key, slot);
    this.expiry.set(slot, expires);
    this.admission.added(slot, key);
    return evicted;
  }

  /** Empties a slot that is in use; answers the key that was in it. */
  vacate(slot: number): string {
    const key = this.keys[slot] as string;
    this.index.delete(key);
    this.expiry.delete(slot);
    this.admission.removed(slot, key);
    this.keys[slot] = undefined;
    this.values[slot] = undefined;
    this.free.push(slot);
    return key;
  }

  /** Clears away up to `most` expired keys; answers whether all are gone. */
  sweep(now: number, most: number): boolean {
    for (let swept = 0; swept < most; swept++) {
      const slot = this.expiry.expired(now);
      if (slot === undefined) return true;
      this.vacate(slot);
    }
    return this.expiry.expired(now) === undefined;
  }

  // The slot that must be given up for a new key.
  private admit(key: string, now: number): number | undefined {
    let answer = this.admission.admit(key, this.size >= this.maxKeys);
    if (answer === REFUSED && this.expiry.expired(now) !== undefined) {
      // What is in the way may have expired and not been cleared away yet.
      this.sweep(now, SWEPT_BEFORE_REFUSAL);
      answer = this.admission.admit(key, this.size >= this.maxKeys);
    }
    if (answer === REFUSED) throw new StoreFullError(this.namespace);
    return answer;
  }

  private newSlot(): number {
    const slot = this.keys.length;
    if (slot === this.capacity) {
      const wanted =
        this.capacity >= FULL_SIZE_FROM ? this.maxKeys : Math.max(FIRST_CAPACITY, this.capacity * 8);
      this.capacity = Math.min(this.maxKeys, wanted);
      this.expiry.resize(this.capacity);
      this.admission.resize(this.capacity);
    }
    return slot;
  }
}
