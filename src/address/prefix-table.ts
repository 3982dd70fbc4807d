import { randomInt } from "node:crypto";
import { prefixMask, rangeOf, type AddressRange } from "./address.js";

// Random per process, so that clients cannot choose addresses that collide.
const SEED = randomInt(2 ** 32);
const MULTIPLIER = randomInt(2 ** 31) * 2 + 1;

/** Slots in the largest page: rehashing one must stay well below a millisecond. */
const MAX_PAGE_SLOTS = 1 << 14;
const MIN_PAGE_SLOTS = 8;
const MAX_LOAD = 0.6;

// One open-addressing hash table with linear probing. All zero words mark an empty slot.
interface Page {
  slots: Uint32Array;
  mask: number;
  used: number;
  /** How many leading hash bits all keys of this page share. */
  depth: number;
}

/**
 * The prefixes of one family and one length, as a hash table whose pages split in two when they are full (extendible
 * hashing): it grows one small page at a time, so that no single `add` stalls the event loop.
 */
export class PrefixTable {
  size = 0;
  private readonly width: number;
  private readonly lastMask: number;
  // The all-zero key cannot stand in a slot.
  private hasZero = false;
  // Indexed by the leading bits of the hash; several neighbours may share one page.
  private directory: Page[];
  private shift = 31;
  // The key that `add`, `has` or `delete` is working on: reused, so that a look-up allocates nothing.
  private readonly key: Uint32Array;

  constructor(
    readonly family: 4 | 6,
    readonly bits: number,
  ) {
    this.width = Math.max(1, Math.ceil(bits / 32));
    this.lastMask = prefixMask(bits - (this.width - 1) * 32);
    this.key = new Uint32Array(this.width);
    const first = this.page(MIN_PAGE_SLOTS, 0);
    // Two entries at least: a shift by 32 would be none in JavaScript.
    this.directory = [first, first];
  }

  /** Bytes held, to a few per page. */
  get bytes(): number {
    let bytes = this.directory.length * 8;
    for (const page of this.pages()) bytes += page.slots.byteLength + 64;
    return bytes;
  }

  /** Adds the prefix of these words; `false` when it was there. */
  add(words: readonly number[]): boolean {
    if (!this.readKey(words)) {
      if (this.hasZero) return false;
      this.hasZero = true;
      this.size++;
      return true;
    }
    const hash = this.hashAt(this.key, 0);
    let page = this.pageOf(hash);
    let slot = this.slotOf(page, hash);
    if (!this.isEmpty(page.slots, slot)) return false;
    if (page.used >= (page.mask + 1) * MAX_LOAD) {
      this.grow(page, hash);
      page = this.pageOf(hash);
      slot = this.slotOf(page, hash);
    }
    page.slots.set(this.key, slot);
    page.used++;
    this.size++;
    return true;
  }

  /** Whether the prefix of these words, cut to this table's length, is here. */
  has(words: readonly number[]): boolean {
    if (this.width === 1) {
      const key = ((words[0] as number) & this.lastMask) >>> 0;
      if (key === 0) return this.hasZero;
      const hash = hashEnd(Math.imul(key ^ SEED, MULTIPLIER));
      const { slots, mask } = this.pageOf(hash);
      for (let index = hash & mask; ; index = (index + 1) & mask) {
        const found = slots[index];
        if (found === key) return true;
        if (found === 0) return false;
      }
    }
    if (!this.readKey(words)) return this.hasZero;
    const hash = this.hashAt(this.key, 0);
    const page = this.pageOf(hash);
    return !this.isEmpty(page.slots, this.slotOf(page, hash));
  }

  /** Removes the prefix of these words; `false` when it was not there. */
  delete(words: readonly number[]): boolean {
    if (!this.readKey(words)) {
      if (!this.hasZero) return false;
      this.hasZero = false;
      this.size--;
      return true;
    }
    const hash = this.hashAt(this.key, 0);
    const page = this.pageOf(hash);
    const slot = this.slotOf(page, hash);
    if (this.isEmpty(page.slots, slot)) return false;
    this.vacate(page, slot);
    page.used--;
    this.size--;
    return true;
  }

  /** Every prefix, in no particular order. */
  *entries(): Generator<AddressRange> {
    const { width } = this;
    const words = this.family === 4 ? 1 : 4;
    if (this.hasZero) yield rangeOf(this.family, new Array<number>(words).fill(0), this.bits);
    for (const { slots } of this.pages()) {
      for (let slot = 0; slot < slots.length; slot += width) {
        if (this.isEmpty(slots, slot)) continue;
        const key = Array.from({ length: words }, (_, index) =>
          index < width ? (slots[slot + index] as number) : 0,
        );
        yield rangeOf(this.family, key, this.bits);
      }
    }
  }

  // Puts these words, cut to this table's length, into `key`; returns whether any bit is set.
  private readKey(words: readonly number[]): boolean {
    const { key, width } = this;
    let bits = 0;
    for (let index = 0; index < width; index++) {
      const word = (words[index] as number) & (index === width - 1 ? this.lastMask : -1);
      key[index] = word;
      bits |= word;
    }
    return bits !== 0;
  }

  private *pages(): Generator<Page> {
    let previous: Page | undefined;
    for (const page of this.directory) {
      if (page !== previous) yield page;
      previous = page;
    }
  }

  private page(slots: number, depth: number): Page {
    return { slots: new Uint32Array(slots * this.width), mask: slots - 1, used: 0, depth };
  }

  private pageOf(hash: number): Page {
    return this.directory[hash >>> this.shift] as Page;
  }

  // The place of the key, or the empty place where it belongs; an index into `slots`.
  private slotOf({ slots, mask }: Page, hash: number): number {
    const { key, width } = this;
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const slot = index * width;
      let word = 0;
      while (word < width && slots[slot + word] === key[word]) word++;
      if (word === width || this.isEmpty(slots, slot)) return slot;
    }
  }

  private isEmpty(slots: Uint32Array, slot: number): boolean {
    for (let index = 0; index < this.width; index++) if (slots[slot + index] !== 0) return false;
    return true;
  }

  private hashAt(slots: Uint32Array, slot: number): number {
    let hash = Math.imul((slots[slot] as number) ^ SEED, MULTIPLIER);
    for (let word = slot + 1; word < slot + this.width; word++)
      hash = Math.imul((hash ^ (hash >>> 15) ^ (slots[word] as number)) + SEED, MULTIPLIER);
    return hashEnd(hash);
  }

  private grow(page: Page, hash: number): void {
    const slots = page.mask + 1;
    if (slots < MAX_PAGE_SLOTS) {
      const old = page.slots;
      page.slots = new Uint32Array(old.length * 2);
      page.mask = slots * 2 - 1;
      this.move(old, () => page);
      return;
    }
    if (page.depth === 32 - this.shift) {
      this.directory = this.directory.flatMap((entry) => [entry, entry]);
      this.shift--;
    }
    const depth = page.depth + 1;
    const halves = [this.page(slots, depth), this.page(slots, depth)] as const;
    const globalDepth = 32 - this.shift;
    const run = 2 ** (globalDepth - page.depth);
    const start = Math.floor((hash >>> this.shift) / run) * run;
    for (let index = 0; index < run; index++) this.directory[start + index] = halves[index < run / 2 ? 0 : 1];
    this.move(page.slots, (moved) => {
      const half = halves[((moved >>> (32 - depth)) & 1) as 0 | 1];
      half.used++;
      return half;
    });
  }

  private move(old: Uint32Array, target: (hash: number) => Page): void {
    const { width } = this;
    for (let from = 0; from < old.length; from += width) {
      if (this.isEmpty(old, from)) continue;
      const hash = this.hashAt(old, from);
      const { slots, mask } = target(hash);
      let index = hash & mask;
      while (!this.isEmpty(slots, index * width)) index = (index + 1) & mask;
      for (let word = 0; word < width; word++) slots[index * width + word] = old[from + word] as number;
    }
  }

  // Backward shift: later keys of the same run move up, so that no tombstones are needed.
  private vacate({ slots, mask }: Page, slot: number): void {
    const { width } = this;
    let hole = slot / width;
    for (let index = (hole + 1) & mask; ; index = (index + 1) & mask) {
      if (this.isEmpty(slots, index * width)) break;
      const home = this.hashAt(slots, index * width) & mask;
      // A key may move to the hole unless its home lies between the hole and where it is now.
      if (((index - home) & mask) < ((index - hole) & mask)) continue;
      for (let word = 0; word < width; word++)
        slots[hole * width + word] = slots[index * width + word] as number;
      hole = index;
    }
    slots.fill(0, hole * width, (hole + 1) * width);
  }
}

function hashEnd(start: number): number {
  let hash = start ^ (start >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
