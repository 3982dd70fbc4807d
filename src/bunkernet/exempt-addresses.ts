import { networkInterfaces } from "node:os";
import { parseAddress, prefixOf, rangeContains, type AddressRange } from "../address/address.js";
import { AddressSet } from "../address/address-set.js";

/** The addresses that a list may not contain: this machine, its proxies, and `allow`. */
export class ExemptAddresses {
  private readonly ranges: readonly AddressRange[];
  private readonly covered: AddressSet;

  constructor(
    private readonly allow: AddressSet,
    proxies: Iterable<AddressRange>,
  ) {
    const own = Object.values(networkInterfaces()).flatMap((entries) =>
      (entries ?? []).flatMap(({ address }) => {
        const parsed = parseAddress(address);
        return parsed === undefined ? [] : [prefixOf(parsed, 128)];
      }),
    );
    this.ranges = [...own, ...proxies];
    this.covered = AddressSet.from(this.ranges);
  }

  /** Whether an entry overlaps an exempt address or range. */
  overlaps(entry: AddressRange): boolean {
    if (this.covered.has(entry.address) || this.allow.has(entry.address)) return true;
    if (entry.bits === (entry.address.family === 4 ? 32 : 128)) return false;
    for (const range of this.ranges) if (overlap(entry, range)) return true;
    for (const range of this.allow.entries()) if (overlap(entry, range)) return true;
    return false;
  }
}

function overlap(a: AddressRange, b: AddressRange): boolean {
  return rangeContains(a, b.address) || rangeContains(b, a.address);
}
