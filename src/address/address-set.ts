import { parseRange, type Address, type AddressRange } from "./address.js";
import { PrefixTable } from "./prefix-table.js";

// Milliseconds of work between two turns of the event loop, and how many entries are read between two looks at the clock.
const SLICE_MS = 5;
const ENTRIES_PER_CHECK = 256;

/**
 * A set of IP addresses and CIDR blocks, IPv4 and IPv6, made for millions of entries and one look-up per request:
 * about 8 bytes an IPv4 address, one hash probe per prefix length in use.
 */
export class AddressSet {
  // Longest prefix first.
  private readonly ipv4: PrefixTable[] = [];
  private readonly ipv6: PrefixTable[] = [];
  private entryCount = 0;

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
    const { address, bits } = asRange(entry);
    const added = this.tableFor(address.family, bits).add(address.words);
    if (added) this.entryCount++;
    return added;
  }

  /** Removes one entry; `false` when that very entry was not there. Blocks that cover it stay. */
  delete(entry: AddressRange | Address): boolean {
    const { address, bits } = asRange(entry);
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
   * Builds a set a slice at a time, so that requests are served meanwhile: for downloaded lists. Rejects when reading
   * `entries` or `onInvalid` throws.
   *
   * @param onInvalid is called with each text that is neither an address nor a CIDR block; such texts are left out
   */
  static async build(entries: Iterable<string>, onInvalid?: (text: string) => void): Promise<AddressSet> {
    const set = new AddressSet();
    let end = performance.now() + SLICE_MS;
    let read = 0;
    for (const text of entries) {
      const range = parseRange(text);
      if (range) set.add(range);
      else onInvalid?.(text);
      if (++read % ENTRIES_PER_CHECK !== 0 || performance.now() < end) continue;
      await new Promise((resolve) => setImmediate(resolve));
      end = performance.now() + SLICE_MS;
    }
    return set;
  }

  private tableFor(family: 4 | 6, bits: number): PrefixTable {
    const tables = family === 4 ? this.ipv4 : this.ipv6;
    const at = tables.findIndex((table) => table.bits <= bits);
    const table = tables[at];
    if (table?.bits === bits) return table;
    const created = new PrefixTable(family, bits);
    tables.splice(at < 0 ? tables.length : at, 0, created);
    return created;
  }
}

function asRange(entry: AddressRange | Address): Pick<AddressRange, "address" | "bits"> {
  return "address" in entry ? entry : { address: entry, bits: entry.family === 4 ? 32 : 128 };
}
