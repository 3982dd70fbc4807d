import { parseRange, rangeContains, type AddressRange } from "../address/address.js";
import type { LookupTarget } from "./lookup-target.js";

/** How many unbans are remembered. */
const MAX_UNBANS = 10_000;

/**
 * Whose ban was lifted: they stay let in though a zone still lists them, or their next request would ban them again (R26).
 */
export class RecentUnbans {
  private readonly exact = new Map<string, number>();
  private readonly wide = new Map<string, { range: AddressRange; until: number }>();

  /** Lets an address or range in until `until` (ms). */
  add(text: string, until: number): void {
    const range = parseRange(text);
    if (range === undefined) return;
    this.exact.set(range.text, until);
    // An IPv6 prefix is some client's key and found by its text; what is wider has to be looked through.
    if (range.bits < 32) this.wide.set(range.text, { range, until });
    for (const map of [this.exact, this.wide])
      if (map.size > MAX_UNBANS) map.delete(map.keys().next().value as string);
  }

  has({ ip, key, address }: LookupTarget, now: number): boolean {
    if (this.exact.size === 0) return false;
    if (now < (this.exact.get(ip) ?? 0) || now < (this.exact.get(key) ?? 0)) return true;
    for (const { range, until } of this.wide.values())
      if (now < until && rangeContains(range, address)) return true;
    return false;
  }
}
