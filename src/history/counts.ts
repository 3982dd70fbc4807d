import type { Buckets } from "./time-buckets.js";

/** Named counters. A name is a kind of count, and behind `|` what tells its counts apart: `d|antibot|no pass`. */
export type Counts = Map<string, number>;

/**
 * The most counters of one bucket, besides one for each kind that takes in what has no counter of its own. Redis stores so few of them
 * compactly.
 */
export const MAX_COUNTERS = 96;

/** Adds to a counter; beyond `max` counters to the one that stands for its kind. */
export function count(counts: Counts, name: string, by = 1, max = MAX_COUNTERS): void {
  const known = counts.get(name);
  if (known !== undefined || counts.size < max) counts.set(name, (known ?? 0) + by);
  else {
    const kind = kindOf(name);
    counts.set(kind, (counts.get(kind) ?? 0) + by);
  }
}

/** Adds all of `more`. */
export function addCounts(
  counts: Counts,
  more: Iterable<readonly [string, number]>,
  max = MAX_COUNTERS,
): void {
  for (const [name, by] of more) count(counts, name, by, max);
}

/** What a counter counts: its name up to the first `|`. */
function kindOf(name: string): string {
  const bar = name.indexOf("|");
  return bar < 0 ? name : name.slice(0, bar);
}

/** Counts by bucket, of this process or of all instances on a store. */
export interface CountLedger {
  /** Adds counts of the minute that begins at `time` (ms). */
  add(time: number, counts: Counts): void;
  /** Sends what waits to be sent. Rejects if that failed; it waits on then. */
  flush(now: number): Promise<void>;
  /** The counts of buckets in order, and what is wrong with them. Never rejects. */
  read(buckets: Buckets): Promise<ReadCounts>;
}

/** What {@link CountLedger.read} resolves to. */
export interface ReadCounts {
  readonly counts: Counts[];
  /** Why the counts of other instances may be missing. */
  readonly problem: string | undefined;
}

/** Writes counters as a text, which takes a fraction of the memory. */
export function pack(counts: ReadonlyMap<string, number>): string {
  return JSON.stringify([...counts]);
}

/** Reads what {@link pack} has written; skips whatever is no counter. */
export function unpack(text: string): Counts {
  const counts: Counts = new Map();
  const entries: unknown = JSON.parse(text);
  for (const entry of Array.isArray(entries) ? (entries as unknown[]) : []) {
    const [name, by] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof name === "string" && Number.isSafeInteger(by)) count(counts, name.slice(0, 256), by as number);
  }
  return counts;
}
