import { parseRange, rangeContains, type AddressRange } from "../address/address.js";
import type { LookupTarget } from "./lookup-target.js";

/** The maximum number of remembered unbans. */
const MAX_UNBANS = 10_000;

/** Clients that were unbanned: they pass although a zone still lists them, or the next request would ban them again. */
export class RecentUnbans {
  private readonly exact = new Map<string, number>();
  private readonly wide = new Map<string, { range: AddressRange; until: number }>();

  /** Lets an address or range pass until `until` (ms). */
  add(text: string, until: number): void {
    const range = parseRange(text);
    if (range === undefined) return;
    this.exact.set(range.text, until);
    // An IPv6 prefix of a client is found by its key; wider ranges must be searched.
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
