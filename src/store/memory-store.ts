import { RefuseWhenFull, type Admission } from "./memory/admission.js";
import { Eviction } from "./memory/eviction.js";
import { countHits, Hit } from "./memory/hit-window.js";
import { readMemoryOptions, type MemorySetup, type MemoryStoreOptions } from "./memory/memory-options.js";
import { Quotas } from "./memory/quotas.js";
import { Room, type Value } from "./memory/room.js";
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

  private readonly setup: MemorySetup;
  private readonly watchers = new Watchers();
  private readonly sweep = (): "more" | "later" | "nothing" => this.sweepSlice();
  private readonly sweeper = new Sweeper(this.sweep);
  private rooms: ReadonlyMap<string, Room>;
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
    this.rooms = newRooms(this.setup);
  }

  /** Takes on a clock (ms), unless the constructor was given one. Keys keep the seconds they had left. */
  useClock(now: () => number): void {
    if (this.setup.now !== undefined || now === this.clock) return;
    const empty = [...this.rooms.values()].every((room) => room.size === 0);
    this.offset = empty ? 0 : this.time() - now();
    this.clock = now;
  }

  get(key: string): string | undefined {
    const room = this.roomOf(key);
    const slot = room.find(key, this.time());
    return slot === undefined ? undefined : textOf(room.valueAt(slot));
  }

  ttl(key: string): number | undefined {
    const now = this.time();
    const room = this.roomOf(key);
    const slot = room.find(key, now);
    if (slot === undefined) return undefined;
    const expires = room.expiresAt(slot);
    return expires === Infinity ? 0 : (expires - now) / 1000;
  }

  /** @throws {StoreFullError} when a new `ban`, `state` or `spent` key finds no room */
  set(key: string, value: string, ttl = 0): void {
    const now = this.time();
    const room = this.roomOf(key);
    this.write(room, key, room.find(key, now), value, ttl, now);
  }

  /** @throws {StoreFullError} when a new `ban`, `state` or `spent` key finds no room */
  add(key: string, value: string, ttl: number): boolean {
    const now = this.time();
    const room = this.roomOf(key);
    if (room.find(key, now) !== undefined) return false;
    this.write(room, key, undefined, value, ttl, now);
    return true;
  }

  /**
   * @throws {StoreFullError} when a new `ban`, `state` or `spent` key finds no room
   * @throws {TypeError} when `key` holds something else than a whole number
   */
  increment(key: string, by: number, ttl: number): number {
    const now = this.time();
    const room = this.roomOf(key);
    const slot = room.find(key, now);
    const sum = (slot === undefined ? 0 : numberOf(key, room.valueAt(slot))) + by;
    if (!Number.isSafeInteger(sum))
      throw new RangeError(`"${key}" cannot become ${sum}: not a whole number that is kept exactly`);
    this.write(room, key, slot, sum, ttl, now);
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
    const room = this.roomOf(key);
    const slot = room.find(key, now);
    const before = slot === undefined ? undefined : room.valueAt(slot);
    if (before !== undefined && !(before instanceof Hit)) throw new TypeError(`"${key}" holds no hits`);
    // A clock that was put back must not bring the hits out of order.
    const at = before === undefined ? now : Math.max(now, before.at);
    const newest = new Hit(at, weight, note, before);
    const hits = countHits(newest, at, window * 1000, limit);
    // Not told to watchers: hits are too many and too small to be news.
    if (slot === undefined) this.insert(room, key, newest, at + window * 1000, now);
    else room.overwrite(slot, newest, at + window * 1000);
    return hits;
  }

  delete(key: string): boolean {
    const room = this.roomOf(key);
    const slot = room.find(key, this.time());
    if (slot === undefined) return false;
    room.vacate(slot);
    this.tell(key, undefined, 0);
    return true;
  }

  /** A key that is there all the while is listed once; others may work in between. */
  async *keys(namespace: Namespace, prefix = ""): AsyncGenerator<string, void, undefined> {
    const room = this.roomOf(`${namespace}:`);
    const start = `${namespace}:${prefix}`;
    for (let slot = 0; slot < room.end; slot++) {
      if (slot % KEYS_SLICE === KEYS_SLICE - 1) await new Promise((resolve) => setImmediate(resolve));
      const key = room.keyAt(slot, this.time());
      if (key?.startsWith(start) === true) yield key;
    }
  }

  /** Listeners are called before the call that made the change returns. Evictions are told as deletions. */
  watch(namespace: Namespace, listener: (change: StoreChange) => void): () => void {
    return this.watchers.add(namespace, listener);
  }

  /** Deletes everything, for tests; listeners are told of each key. */
  clear(): void {
    const cleared = this.rooms;
    const now = this.time();
    this.rooms = newRooms(this.setup);
    for (const namespace of NAMESPACES) {
      if (!this.watchers.hears(namespace)) continue;
      const room = cleared.get(namespace);
      for (let slot = 0; slot < (room?.end ?? 0); slot++) {
        const key = room?.keyAt(slot, now);
        if (key !== undefined) this.tell(key, undefined, 0);
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

  private roomOf(key: string): Room {
    const room = this.rooms.get(key.slice(0, key.indexOf(":")));
    if (room === undefined)
      throw new TypeError(`a store's keys start with ${NAMESPACES.join(":, ")}:, unlike "${key}"`);
    return room;
  }

  private write(
    room: Room,
    key: string,
    slot: number | undefined,
    value: string | number,
    ttl: number,
    now: number,
  ): void {
    if (!(ttl >= 0) || ttl === Infinity)
      throw new RangeError(`a time to live is a number of seconds from 0, not ${ttl}`);
    const expires = ttl === 0 ? Infinity : now + ttl * 1000;
    if (slot === undefined) this.insert(room, key, value, expires, now);
    else room.overwrite(slot, value, expires);
    this.tell(key, value, ttl);
  }

  private insert(room: Room, key: string, value: Value, expires: number, now: number): void {
    const evicted = room.insert(key, value, expires, now);
    this.sweeper.wake();
    if (evicted !== undefined) this.tell(evicted, undefined, 0);
  }

  private tell(key: string, value: string | number | undefined, ttl: number): void {
    const namespace = key.slice(0, key.indexOf(":")) as Namespace;
    if (!this.watchers.hears(namespace)) return;
    this.watchers.tell(namespace, { key, value: value === undefined ? undefined : String(value), ttl });
  }

  private sweepSlice(): "more" | "later" | "nothing" {
    const now = this.time();
    const rooms = [...this.rooms.values()];
    const swept = rooms.map((room) => room.sweep(now, SLICE));
    if (swept.includes(false)) return "more";
    return rooms.some((room) => room.expires) ? "later" : "nothing";
  }
}

function newRooms({ maxKeys, engine }: MemorySetup): ReadonlyMap<string, Room> {
  const admissions: Record<Namespace, Admission> = {
    ban: new RefuseWhenFull(),
    state: new RefuseWhenFull(),
    spent: new Quotas(maxKeys.spent),
    hit: new Eviction(maxKeys.hit),
    cache: new Eviction(maxKeys.cache),
  };
  return new Map(NAMESPACES.map((name) => [name, new Room(name, maxKeys[name], admissions[name], engine)]));
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
