/** The middle value; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** What 95 % of resampled medians stay above, and what 95 % of them stay below. */
export interface Bounds {
  lower: number;
  upper: number;
}

/** One-sided 95 % bounds of the median, by bootstrap. Draws the same resamples every time. */
export function medianBounds(values: readonly number[], resamples = 10_000): Bounds {
  const random = mulberry32(0x5eed);
  const medians = Array.from({ length: resamples }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? NaN)),
  ).sort((a, b) => a - b);
  const at = (share: number): number => medians[Math.floor(share * (resamples - 1))] ?? NaN;
  return { lower: at(0.05), upper: at(0.95) };
}

/** Tommy Ettinger's mulberry32: small, seeded, good enough to draw samples. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
