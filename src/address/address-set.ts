import { parseRange, rangeOf, type Address, type AddressRange } from "./address.js";
import { PrefixTable } from "./prefix-table.js";

// How many entries are read between two looks at the clock.
const ENTRIES_PER_LOOK = 256;

/** How {@link AddressSet.build} works. */
export interface BuildOptions {
  /** How many single IPv4 addresses to make room for at once. Default 0: the set grows as it fills. */
  readonly expected?: number | undefined;
  /** Milliseconds of work between two turns of the event loop. Default 5. */
  readonly sliceMs?: number | undefined;
  /** Hears each text that is neither an address nor a CIDR block; such texts are left out. */
  onInvalid?(text: string): void;
  /** Largest number of entries to keep; reading stops there. Default: no limit. */
  readonly max?: number | undefined;
}

/**
 * A set of IP addresses and CIDR blocks, IPv4 and IPv6, made for millions of entries and one look-up per request:
 * about 8 bytes an IPv4 address, one hash probe per prefix length in use.
 */
export class AddressSet {
  // Longest prefix first, so that the first hit is the closest one.
  private readonly ipv4: PrefixTable[] = [];
  private readonly ipv6: PrefixTable[] = [];
  private entryCount = 0;

  /** @param expected how many single IPv4 addresses to make room for at once; default 0 */
  constructor(private readonly expected = 0) {}

  /** Number of entries; an address covered by a block counts if it was added itself. */
  get size(): number {
    return this.entryCount;
  }

  /** Bytes held by the tables. */
  get bytes(): number {
    let bytes = 0;
    for (const table of this.ipv4) bytes += table.bytes;
    for (const table of this.ipv6) bytes += table.bytes;
    return bytes;
  }

  /** Adds one entry; `false` when that very entry was there. */
  add(entry: AddressRange | Address): boolean {
    const { address, bits } =
      "address" in entry ? entry : { address: entry, bits: entry.family === 4 ? 32 : 128 };
    const added = this.tableFor(address.family, bits).add(address.words);
    if (added) this.entryCount++;
    return added;
  }

  /** Removes one entry; `false` when that very entry was not there. Blocks that cover it stay. */
  delete(entry: AddressRange | Address): boolean {
    const { address, bits } =
      "address" in entry ? entry : { address: entry, bits: entry.family === 4 ? 32 : 128 };
    const tables = address.family === 4 ? this.ipv4 : this.ipv6;
    const index = tables.findIndex((table) => table.bits === bits);
    const table = tables[index];
    if (table?.delete(address.words) !== true) return false;
    this.entryCount--;
    // A table without entries would cost every look-up a probe.
    if (table.size === 0) tables.splice(index, 1);
    return true;
  }

  /** Whether any entry covers the address. */
  has(address: Address): boolean {
    const tables = address.family === 4 ? this.ipv4 : this.ipv6;
    for (let index = 0; index < tables.length; index++) {
      if ((tables[index] as PrefixTable).has(address.words)) return true;
    }
    return false;
  }

  /** The entry with the longest prefix that covers the address. */
  find(address: Address): AddressRange | undefined {
    const tables = address.family === 4 ? this.ipv4 : this.ipv6;
    const table = tables.find((candidate) => candidate.has(address.words));
    return table && rangeOf(address.family, address.words, table.bits);
  }

  /** All entries, IPv4 first, longer prefixes first. Do not change the set while reading on. */
  *entries(): Generator<AddressRange> {
    for (const table of this.ipv4) yield* table.entries();
    for (const table of this.ipv6) yield* table.entries();
  }

  /**
   * A set of these addresses and CIDR blocks, made at once: for lists that a person writes.
   *
   * @throws TypeError naming the texts that are neither
   */
  static from(entries: Iterable<string | AddressRange>): AddressSet {
    const set = new AddressSet();
    const invalid: string[] = [];
    for (const entry of entries) {
      const range = typeof entry === "string" ? parseRange(entry) : entry;
      if (range) set.add(range);
      else invalid.push(JSON.stringify(entry));
    }
    if (invalid.length > 0) {
      const shown = invalid.slice(0, 5).join(", ");
      const more = invalid.length > 5 ? ` and ${invalid.length - 5} more` : "";
      throw new TypeError(`not an IP address or CIDR block: ${shown}${more}`);
    }
    return set;
  }

  /**
   * A set of these addresses and CIDR blocks, made a slice at a time so that requests are answered meanwhile: for
   * downloaded lists. Rejects when reading `entries` or `onInvalid` throws.
   */
  static async build(
    entries: Iterable<string> | AsyncIterable<string>,
    options: BuildOptions = {},
  ): Promise<AddressSet> {
    const { expected = 0, sliceMs = 5, max = Infinity } = options;
    const set = new AddressSet(Math.min(expected, max));
    const slice = new Slice(sliceMs);
    const keep = (text: string): boolean => {
      if (set.size >= max) return false;
      const range = parseRange(text);
      if (range) set.add(range);
      else options.onInvalid?.(text);
      return true;
    };
    if (Symbol.asyncIterator in entries) {
      for await (const text of entries) {
        if (!keep(text)) break;
        if (slice.isOver()) await slice.pause();
      }
    } else {
      for (const text of entries) {
        if (!keep(text)) break;
        if (slice.isOver()) await slice.pause();
      }
    }
    return set;
  }

  private tableFor(family: 4 | 6, bits: number): PrefixTable {
    const tables = family === 4 ? this.ipv4 : this.ipv6;
    let at = 0;
    for (; at < tables.length; at++) {
      const table = tables[at] as PrefixTable;
      if (table.bits === bits) return table;
      if (table.bits < bits) break;
    }
    const created = new PrefixTable(family, bits, family === 4 && bits === 32 ? this.expected : 0);
    tables.splice(at, 0, created);
    return created;
  }
}

// Keeps one turn of the event loop short.
class Slice {
  private entries = 0;
  private end: number;

  constructor(private readonly ms: number) {
    this.end = performance.now() + ms;
  }

  isOver(): boolean {
    return ++this.entries % ENTRIES_PER_LOOK === 0 && performance.now() >= this.end;
  }

  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.end = performance.now() + this.ms;
  }
}
