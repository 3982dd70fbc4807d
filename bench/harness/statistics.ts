/** Returns the middle value, or the mean of the two middle values if their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The bounds that 95 % of resampled medians stay above (`lower`) and below (`upper`). */
export interface Bounds {
  lower: number;
  upper: number;
}

/** Returns one-sided 95 % bounds of the median, by bootstrap. The random numbers are the same every time. */
export function medianBounds(values: readonly number[], resamples = 10_000): Bounds {
  const random = mulberry32(0x5eed);
  const medians = Array.from({ length: resamples }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? NaN)),
  ).sort((a, b) => a - b);
  const at = (share: number): number => medians[Math.floor(share * (resamples - 1))] ?? NaN;
  return { lower: at(0.05), upper: at(0.95) };
}

/** Tommy Ettinger's mulberry32, a small seeded generator that is good enough for resampling. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
