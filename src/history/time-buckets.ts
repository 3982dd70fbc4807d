/** A length of time over which counts are summed up. */
export interface Resolution {
  /** What its keys are called. */
  readonly letter: "m" | "q" | "h" | "d";
  /** The length of a bucket, in ms. */
  readonly ms: number;
  /** How many buckets are kept, besides the one that is not over: twice what is shown, so that a period has one before it to compare. */
  readonly kept: number;
}

const MINUTE: Resolution = { letter: "m", ms: 60_000, kept: 120 };
const QUARTER: Resolution = { letter: "q", ms: 900_000, kept: 192 };
const HOUR: Resolution = { letter: "h", ms: 3_600_000, kept: 744 };
const DAY: Resolution = { letter: "d", ms: 86_400_000, kept: 61 };

/** Every resolution, finest first. Each bucket lies within one bucket of every coarser resolution. */
export const RESOLUTIONS: readonly Resolution[] = [MINUTE, QUARTER, HOUR, DAY];

/** The shortest time that is told apart, in ms. */
export const MINUTE_MS = MINUTE.ms;

/** How far back a report reaches. */
export type HistoryRange = "1h" | "24h" | "7d" | "30d";

/** Buckets one after the other. */
export interface Buckets {
  readonly resolution: Resolution;
  /** The number of the first one: ms since 1970, divided by the length. */
  readonly first: number;
  readonly count: number;
}

const RANGES: Readonly<Record<HistoryRange, { resolution: Resolution; count: number }>> = {
  "1h": { resolution: MINUTE, count: 60 },
  "24h": { resolution: QUARTER, count: 96 },
  "7d": { resolution: HOUR, count: 168 },
  "30d": { resolution: HOUR, count: 720 },
};

/** The number of the bucket that contains a time (ms). */
export function bucketAt({ ms }: Resolution, time: number): number {
  return Math.floor(time / ms);
}

/** Returns the buckets of a range, the last of which is not over at `now` (ms), and those of the period before it. */
export function bucketsOf(range: HistoryRange, now: number): { shown: Buckets; before: Buckets } {
  const { resolution, count } = RANGES[range];
  const first = bucketAt(resolution, now) - count + 1;
  const shown = { resolution, first, count };
  if (range !== "30d") return { shown, before: { resolution, first: first - count, count } };
  // Hours are not kept for so long: whole days that end where the range begins, or a little earlier.
  const end = bucketAt(DAY, first * resolution.ms);
  return { shown, before: { resolution: DAY, first: end - 30, count: 30 } };
}

/** Returns when buckets begin and end, in ms. */
export function spanOf({ resolution: { ms }, first, count }: Buckets): { from: number; to: number } {
  return { from: first * ms, to: (first + count) * ms };
}

/** Returns the store's keys of buckets. */
export function keysOf({ resolution, first, count }: Buckets): string[] {
  return Array.from({ length: count }, (_, at) => bucketKey(resolution, first + at));
}

export function bucketKey({ letter }: Resolution, index: number): string {
  return `hit:history|${letter}|${index}`;
}

/** For how long a bucket is kept after it was written to, in seconds. */
export function secondsKept({ ms, kept }: Resolution): number {
  return ((kept + 1) * ms) / 1000;
}
