import { cacheFigures, listFigures, type Figure } from "../engine/figure.js";
import type { DnsblStatus } from "./dnsbl-parts.js";

/** The figures of the protection at `now` (ms). `cache` has counted how often this process knew the verdict on a client. */
export function dnsblFigures(
  { zones, inFlight, shed, late, ignoreLists }: DnsblStatus,
  cache: { readonly hits: number; readonly misses: number },
  now: number,
): readonly Figure[] {
  return [
    ...zones.flatMap(({ zone, state, listed, clean, errors }) => [
      { name: "dnsbl_zone_suspended" as const, value: state === "suspended" ? 1 : 0, labels: { zone } },
      ...Object.entries({ listed, clean, ...errors }).map(([result, value]) => ({
        name: "dnsbl_lookups_total" as const,
        value,
        labels: { zone, result },
      })),
    ]),
    { name: "dnsbl_unchecked_total", value: shed, labels: { reason: "shed" } },
    { name: "dnsbl_unchecked_total", value: late, labels: { reason: "late" } },
    { name: "queue_length", value: inFlight, labels: { queue: "dnsbl" } },
    ...ignoreLists.flatMap((list) => listFigures(list.url, list, now)),
    ...cacheFigures("dnsbl", cache),
  ];
}
