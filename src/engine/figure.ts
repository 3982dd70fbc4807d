/** What a {@link Figure} is: the name of its metric without `express_bunker_`. */
type FigureName =
  | "list_entries"
  | "list_age_seconds"
  | "queue_length"
  | "cache_hits_total"
  | "cache_misses_total"
  | "dnsbl_lookups_total"
  | "dnsbl_unchecked_total"
  | "dnsbl_zone_suspended"
  | "bunkernet_reports_total";

/** A number that a part tells to metrics when it is asked. Its labels are configured names, never a client's text. */
export interface Figure {
  readonly name: FigureName;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The figures of a cache. */
export function cacheFigures(
  cache: string,
  { hits, misses }: { readonly hits: number; readonly misses: number },
): readonly Figure[] {
  const labels = { cache };
  return [
    { name: "cache_hits_total", value: hits, labels },
    { name: "cache_misses_total", value: misses, labels },
  ];
}

/** The figures of a list at `now` (ms). */
export function listFigures(
  list: string,
  { entries, checked }: { readonly entries: number; readonly checked: Date | undefined },
  now: number,
): readonly Figure[] {
  const labels = { list };
  const size: Figure = { name: "list_entries", value: entries, labels };
  if (checked === undefined) return [size];
  const age = Math.max(0, now - checked.getTime()) / 1000;
  return [size, { name: "list_age_seconds", value: age, labels }];
}
