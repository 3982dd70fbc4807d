import { createHash } from "node:crypto";
import { isGlobal, parseRange, type Address, type AddressRange } from "../address/address.js";
import { AddressSet } from "../address/address-set.js";
import type { BunkernetResolved } from "./options.js";
import type { ExemptAddresses } from "./exempt-addresses.js";

/** Milliseconds of work before yielding to the event loop. */
const SLICE_MS = 5;

/** Builds a set from the entries of a list, in slices of time. */
export class ListBuilder {
  readonly set = new AddressSet();
  readonly hash = createHash("sha512");
  /** Entries that were not added. */
  refused = 0;
  /** All entries. */
  seen = 0;
  /** Valid entries, including those that are exempt here. */
  valid = 0;
  private end = performance.now() + SLICE_MS;

  constructor(
    private readonly options: BunkernetResolved,
    private readonly exempt: ExemptAddresses,
  ) {}

  /** Adds entries; returns the valid ones, including those that are exempt now, for the file. */
  async take(entries: readonly string[]): Promise<string[]> {
    const good: string[] = [];
    for (let from = 0; from < entries.length; from += 256) {
      if (performance.now() >= this.end) {
        await new Promise((resolve) => setImmediate(resolve));
        this.end = performance.now() + SLICE_MS;
      }
      for (const entry of entries.slice(from, from + 256)) this.takeOne(entry, good);
    }
    return good;
  }

  private takeOne(entry: string, good: string[]): void {
    // The hash that the API's own clients use: entries joined by line ends.
    this.hash.update(this.seen++ === 0 ? entry : `\n${entry}`, "latin1");
    const range = readEntry(entry, this.options.ranges);
    if (range === undefined || this.set.size >= this.options.maxEntries) {
      this.refused++;
      return;
    }
    this.valid++;
    good.push(range.text);
    if (this.exempt.overlaps(range)) this.refused++;
    else this.set.add(range);
  }
}

/** An entry that may stand in a list: a global address, or with `ranges` a block of them that is not too wide. */
export function readEntry(entry: string, ranges: boolean): AddressRange | undefined {
  const range = parseRange(entry);
  if (range === undefined || entry.includes("%")) return undefined;
  const single = range.bits === (range.address.family === 4 ? 32 : 128);
  if (!single && (!ranges || range.bits < (range.address.family === 4 ? 8 : 19))) return undefined;
  return isGlobal(range.address) && (single || isGlobal(lastOf(range))) ? range : undefined;
}

function lastOf({ address, bits }: AddressRange): Address {
  const words = address.words.map((word, index) => {
    const own = Math.min(32, Math.max(0, bits - index * 32));
    return own === 32 ? word : (word | (0xffffffff >>> own)) >>> 0;
  });
  return { ...address, words };
}
