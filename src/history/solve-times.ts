/** The upper bounds of the buckets of solve times are a tenth of a second, times a power of this. */
const FACTOR = 1.6;
const SHORTEST = 0.1;
/** Longer than the longest challenge: 20 minutes. */
const BUCKETS = 21;

/** The number of the bucket of a solve time in seconds. */
export function solveTimeBucket(seconds: number): number {
  const bucket = Math.ceil(Math.log(seconds / SHORTEST) / Math.log(FACTOR));
  return Math.max(0, Math.min(BUCKETS - 1, bucket));
}

/** The longest time that falls into a bucket, in seconds. */
export function solveTimeBound(bucket: number): number {
  return SHORTEST * FACTOR ** bucket;
}

/**
 * Estimates the median from the number of solutions in each bucket, in seconds: exact to the bucket, whose ends differ by the factor
 * 1.6. `undefined` = there was none.
 */
export function medianOf(buckets: ReadonlyMap<number, number>): number | undefined {
  const filled = [...buckets].filter(([, solved]) => solved > 0).sort(([one], [other]) => one - other);
  const half = filled.reduce((sum, [, solved]) => sum + solved, 0) / 2;
  let before = 0;
  for (const [bucket, solved] of filled) {
    if (before + solved >= half) {
      const low = bucket === 0 ? 0 : solveTimeBound(bucket - 1);
      return low + (solveTimeBound(bucket) - low) * ((half - before) / solved);
    }
    before += solved;
  }
  return undefined;
}
