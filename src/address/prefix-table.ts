import { randomInt } from "node:crypto";
import { prefixMask, rangeOf, type AddressRange } from "./address.js";

// Random per process, so that nobody can choose addresses that collide.
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
  private shift: number;

  /** @param expected how many prefixes to make room for at once */
  constructor(
    readonly family: 4 | 6,
    readonly bits: number,
    expected = 0,
  ) {
    this.width = Math.max(1, Math.ceil(bits / 32));
    this.lastMask = prefixMask(bits - (this.width - 1) * 32);
    // Two entries at least: a shift by 32 would be none in JavaScript.
    let depth = 1;
    while (expected / 2 ** depth > MAX_PAGE_SLOTS * MAX_LOAD && depth < 20) depth++;
    const perPage = expected / 2 ** depth;
    let slots = MIN_PAGE_SLOTS;
    while (perPage > slots * MAX_LOAD && slots < MAX_PAGE_SLOTS) slots *= 2;
    this.shift = 32 - depth;
    const sharing = depth === 1 && slots === MIN_PAGE_SLOTS;
    const first = this.page(slots, sharing ? 0 : depth);
    this.directory = Array.from({ length: 2 ** depth }, (_, index) =>
      sharing || index === 0 ? first : this.page(slots, depth),
    );
  }

  /** Bytes held, to a few per page. */
  get bytes(): number {
    let bytes = this.directory.length * 8;
    for (const page of this.pages()) bytes += page.slots.byteLength + 64;
    return bytes;
  }

  /** Adds the prefix of these words; `false` when it was there. */
  add(words: readonly number[]): boolean {
    const a = this.keyWord(words, 0);
    const b = this.keyWord(words, 1);
    const c = this.keyWord(words, 2);
    const d = this.keyWord(words, 3);
    if ((a | b | c | d) === 0) {
      if (this.hasZero) return false;
      this.hasZero = true;
      this.size++;
      return true;
    }
    const hash = hashOf(a, b, c, d);
    let page = this.pageOf(hash);
    let slot = this.slotOf(page, hash, a, b, c, d);
    if (page.slots[slot] !== 0 || !this.isEmpty(page.slots, slot)) return false;
    if (page.used >= (page.mask + 1) * MAX_LOAD) {
      this.grow(page, hash);
      page = this.pageOf(hash);
      slot = this.slotOf(page, hash, a, b, c, d);
    }
    this.write(page.slots, slot, a, b, c, d);
    page.used++;
    this.size++;
    return true;
  }

  /** Whether the prefix of these words, cut to this table's length, is here. */
  has(words: readonly number[]): boolean {
    if (this.width === 1) {
      const key = ((words[0] as number) & this.lastMask) >>> 0;
      if (key === 0) return this.hasZero;
      const hash = hashOf(key, 0, 0, 0);
      const { slots, mask } = this.pageOf(hash);
      for (let index = hash & mask; ; index = (index + 1) & mask) {
        const found = slots[index];
        if (found === key) return true;
        if (found === 0) return false;
      }
    }
    const a = this.keyWord(words, 0);
    const b = this.keyWord(words, 1);
    const c = this.keyWord(words, 2);
    const d = this.keyWord(words, 3);
    if ((a | b | c | d) === 0) return this.hasZero;
    const hash = hashOf(a, b, c, d);
    const page = this.pageOf(hash);
    return !this.isEmpty(page.slots, this.slotOf(page, hash, a, b, c, d));
  }

  /** Removes the prefix of these words; `false` when it was not there. */
  delete(words: readonly number[]): boolean {
    const a = this.keyWord(words, 0);
    const b = this.keyWord(words, 1);
    const c = this.keyWord(words, 2);
    const d = this.keyWord(words, 3);
    if ((a | b | c | d) === 0) {
      if (!this.hasZero) return false;
      this.hasZero = false;
      this.size--;
      return true;
    }
    const hash = hashOf(a, b, c, d);
    const page = this.pageOf(hash);
    const slot = this.slotOf(page, hash, a, b, c, d);
    if (this.isEmpty(page.slots, slot)) return false;
    this.vacate(page, slot);
    page.used--;
    this.size--;
    return true;
  }

  /** Every prefix, in no particular order. Undefined order of entries added meanwhile. */
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

  private keyWord(words: readonly number[], index: number): number {
    const last = this.width - 1;
    if (index > last) return 0;
    const word = words[index] as number;
    return index === last ? (word & this.lastMask) >>> 0 : word;
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
  private slotOf(page: Page, hash: number, a: number, b: number, c: number, d: number): number {
    const { slots, mask } = page;
    const { width } = this;
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const slot = index * width;
      if (this.isEmpty(slots, slot)) return slot;
      if (
        slots[slot] === a &&
        (width < 2 || slots[slot + 1] === b) &&
        (width < 3 || slots[slot + 2] === c) &&
        (width < 4 || slots[slot + 3] === d)
      ) {
        return slot;
      }
    }
  }

  private isEmpty(slots: Uint32Array, slot: number): boolean {
    for (let index = 0; index < this.width; index++) if (slots[slot + index] !== 0) return false;
    return true;
  }

  private write(slots: Uint32Array, slot: number, a: number, b: number, c: number, d: number): void {
    const { width } = this;
    slots[slot] = a;
    if (width > 1) slots[slot + 1] = b;
    if (width > 2) slots[slot + 2] = c;
    if (width > 3) slots[slot + 3] = d;
  }

  private hashAt(slots: Uint32Array, slot: number): number {
    const { width } = this;
    return hashOf(
      slots[slot] as number,
      width > 1 ? (slots[slot + 1] as number) : 0,
      width > 2 ? (slots[slot + 2] as number) : 0,
      width > 3 ? (slots[slot + 3] as number) : 0,
    );
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

function hashOf(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a ^ SEED, MULTIPLIER);
  if ((b | c | d) !== 0) {
    hash = Math.imul((hash ^ (hash >>> 15) ^ b) + SEED, MULTIPLIER);
    hash = Math.imul((hash ^ (hash >>> 15) ^ c) + SEED, MULTIPLIER);
    hash = Math.imul((hash ^ (hash >>> 15) ^ d) + SEED, MULTIPLIER);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
