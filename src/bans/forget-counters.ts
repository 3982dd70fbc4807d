import { parseRange, rangeContains, type AddressRange } from "../address/address.js";
import type { Namespace, Store } from "../store/store.js";

/**
 * Deletes the counters and cached verdicts of what a range covers. Their keys start with the address or prefix of their client,
 * then "|".
 */
export async function forgetCounters(store: Store, range: AddressRange): Promise<void> {
  const single = range.address.family === 4 && range.bits === 32;
  for (const namespace of ["hit", "cache"] satisfies Namespace[]) {
    for await (const key of store.keys(namespace, single ? `${range.text}|` : "")) {
      const about = parseRange(key.slice(namespace.length + 1).split("|", 1)[0] as string);
      if (about !== undefined && (rangeContains(range, about.address) || rangeContains(about, range.address)))
        await store.delete(key);
    }
  }
}
