import { randomInt } from "node:crypto";
import { prefixMask, rangeOf, type Address, type AddressRange } from "../address/address.js";
import { BanRows } from "./ban-rows.js";

// Random per process, so that clients cannot choose addresses that collide.
const SEED = randomInt(2 ** 32);
const MULTIPLIER = randomInt(2 ** 31) * 2 + 1;

/** Shards of the hash table: each grows by itself, within a millisecond even among millions of bans. */
const SHARD_BITS = 10;
const MIN_PLACES = 4;
const MAX_LOAD = 0.7;

/** The lengths of prefixes in use of one family, longest first, and how many rows have each. */
interface Lengths {
  readonly counts: Int32Array;
  sorted: readonly number[];
}

const BITS = 0xff;
const FAMILY6 = 0x100;
/** The bits of the flags that belong to the key of a row. */
const KEY = BITS | FAMILY6;

/** Returned when no row matches. */
export const NONE = -1;

/**
 * Finds the rows of an address or prefix: a hash table with open addressing. Bans of one subject at several services are rows
 * with the same key.
 */
export class BanTable {
  readonly rows = new BanRows();
  private readonly shards = new Array<Shard | undefined>(1 << SHARD_BITS).fill(undefined);
  private readonly used = new Int32Array(1 << SHARD_BITS);
  private readonly ipv4: Lengths = { counts: new Int32Array(33), sorted: [] };
  private readonly ipv6: Lengths = { counts: new Int32Array(129), sorted: [] };

  get size(): number {
    return this.rows.size;
  }

  /** The prefix lengths in use, longest first. */
  lengthsOf(family: 4 | 6): readonly number[] {
    return (family === 4 ? this.ipv4 : this.ipv6).sorted;
  }

  /** The next row after `after` ({@link NONE} = the first) whose subject is the first `bits` bits of an address. */
  next(address: Address, bits: number, after: number): number {
    const { words, family } = address;
    const key = family === 6 ? bits | FAMILY6 : bits;
    const hash = hashOf(words, key);
    const shard = this.shards[hash >>> (32 - SHARD_BITS)];
    if (shard === undefined) return NONE;
    const mask = placesOf(shard) - 1;
    let passed = after === NONE;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const row = (shard[place] as number) - 1;
      if (row < 0) return NONE;
      if (!passed) passed = row === after;
      else if (tagAt(shard, place) === (hash & TAG) && this.isOf(row, words, key)) return row;
    }
  }

  /** The row of a subject at a service (a number); {@link NONE} if there is none. */
  find({ address, bits }: AddressRange, service: number): number {
    for (let row = NONE; ;) {
      row = this.next(address, bits, row);
      if (row === NONE || this.rows.service(row) === service) return row;
    }
  }

  /** Adds a row that is not there yet. */
  add({ address, bits }: AddressRange, service: number): number {
    const key = address.family === 6 ? bits | FAMILY6 : bits;
    const row = this.rows.take(address.words, key);
    this.rows.setService(row, service);
    this.place(row, hashOf(address.words, key));
    this.countLength(address.family, bits, 1);
    return row;
  }

  delete(row: number): void {
    const hash = this.hashOfRow(row);
    const number = hash >>> (32 - SHARD_BITS);
    const shard = this.shards[number] as Int32Array;
    const mask = placesOf(shard) - 1;
    let hole = hash & mask;
    while (shard[hole] !== row + 1) hole = (hole + 1) & mask;
    // Backward shift: later rows of the same run move up, so that no tombstones are needed.
    for (let place = (hole + 1) & mask; shard[place] !== 0; place = (place + 1) & mask) {
      const moved = shard[place] as number;
      const home = this.hashOfRow(moved - 1) & mask;
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      shard[hole] = moved;
      setTag(shard, hole, tagAt(shard, place));
      hole = place;
    }
    shard[hole] = 0;
    this.used[number] = (this.used[number] as number) - 1;
    const { family, bits } = this.keyOf(row);
    this.countLength(family, bits, -1);
    this.rows.release(row);
  }

  /** Returns a function that makes the address or prefix of a row, as it is now. */
  subjectOf(row: number): () => AddressRange {
    const { rows } = this;
    const { family, bits } = this.keyOf(row);
    const first = rows.word(row, 0);
    if (family === 4) return () => rangeOf(4, [first], bits);
    const words = [first, rows.word(row, 1), rows.word(row, 2), rows.word(row, 3)];
    return () => rangeOf(6, words, bits);
  }

  private keyOf(row: number): { family: 4 | 6; bits: number } {
    const flags = this.rows.flags(row);
    return { family: (flags & FAMILY6) === 0 ? 4 : 6, bits: flags & BITS };
  }

  private isOf(row: number, words: readonly number[], key: number): boolean {
    const { rows } = this;
    if ((rows.flags(row) & KEY) !== key) return false;
    const bits = key & BITS;
    for (let word = 0, left = bits; left > 0; word++, left -= 32)
      if (((rows.word(row, word) ^ (words[word] as number)) & prefixMask(left)) !== 0) return false;
    return true;
  }

  private hashOfRow(row: number): number {
    const { rows } = this;
    const words = [rows.word(row, 0), rows.word(row, 1), rows.word(row, 2), rows.word(row, 3)];
    return hashOf(words, rows.flags(row) & KEY);
  }

  private place(row: number, hash: number): void {
    const number = hash >>> (32 - SHARD_BITS);
    let shard = this.shards[number];
    const used = this.used[number] as number;
    if (shard === undefined || used + 1 > placesOf(shard) * MAX_LOAD) {
      const old = shard;
      const places = old === undefined ? 0 : placesOf(old);
      shard = this.shards[number] = newShard(Math.max(MIN_PLACES, places * 2));
      for (let place = 0; old !== undefined && place < places; place++) {
        const moved = old[place] as number;
        // A tag has the bits that say where a row belongs, until a shard is very large.
        if (moved !== 0) put(shard, places * 2 > TAG ? this.hashOfRow(moved - 1) : tagAt(old, place), moved);
      }
    }
    put(shard, hash, row + 1);
    this.used[number] = used + 1;
  }

  private countLength(family: 4 | 6, bits: number, by: 1 | -1): void {
    const lengths = family === 4 ? this.ipv4 : this.ipv6;
    const before = lengths.counts[bits] as number;
    const after = (lengths.counts[bits] = before + by);
    if (before > 0 && after > 0) return;
    lengths.sorted = [...lengths.counts.keys()]
      .filter((one) => (lengths.counts[one] as number) > 0)
      .reverse();
  }
}

/**
 * Places with row numbers plus one (0 = empty), and behind them, two in one number, their tags: the last bits of the hashes, so
 * that rows of other subjects are hardly ever looked at.
 */
type Shard = Int32Array;

const TAG = 0xffff;

function newShard(places: number): Shard {
  return new Int32Array(places + (places >> 1));
}

function placesOf(shard: Shard): number {
  return Math.trunc((shard.length * 2) / 3);
}

function tagAt(shard: Shard, place: number): number {
  return ((shard[placesOf(shard) + (place >> 1)] as number) >> ((place & 1) << 4)) & TAG;
}

function setTag(shard: Shard, place: number, tag: number): void {
  const at = placesOf(shard) + (place >> 1);
  const shift = (place & 1) << 4;
  shard[at] = ((shard[at] as number) & ~(TAG << shift)) | ((tag & TAG) << shift);
}

function put(shard: Shard, hash: number, value: number): void {
  const mask = placesOf(shard) - 1;
  let place = hash & mask;
  while (shard[place] !== 0) place = (place + 1) & mask;
  shard[place] = value;
  setTag(shard, place, hash);
}

// A signed number. The words are cut to the prefix, so that an address has the hash of each prefix that covers it.
function hashOf(words: readonly number[], key: number): number {
  let hash = Math.imul(key ^ SEED, MULTIPLIER);
  for (let word = 0, left = key & BITS; left > 0; word++, left -= 32) {
    const cut = (words[word] as number) & prefixMask(left);
    hash = Math.imul((hash ^ (hash >>> 15) ^ cut) + SEED, MULTIPLIER);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
