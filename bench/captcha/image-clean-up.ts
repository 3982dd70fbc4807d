// How an attacker cleans an image before reading it.
import type { Picture } from "../../src/antibot/challenges/captcha/draw-captcha.js";

/** The ink of each pixel, from 0 to 1. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly ink: Float32Array;
}

/** The image as ink, with its grain smoothed away. */
export function inkOf({ width, height, pixels }: Picture): Plane {
  const raw = Float32Array.from(pixels, (value) => 1 - value / 15);
  return { width, height, ink: boxBlur(raw, width, height, 1) };
}

/** The plane in black and white, by Otsu's threshold. */
export function thresholded({ width, height, ink }: Plane): Plane {
  const limit = otsu(ink);
  return { width, height, ink: ink.map((value) => (value > limit ? 1 : 0)) };
}

/** The plane without strokes thinner than about 2·radius: a morphological opening, then a closing of the gaps. */
export function withoutThinLines(plane: Plane, radius = 2): Plane {
  const opened = dilated(eroded(plane, radius), radius);
  return eroded(dilated(opened, 1), 1);
}

// In black and white, the mean of a square shows whether it is all black or has any black in it.
const eroded = ({ width, height, ink }: Plane, radius: number): Plane => ({
  width,
  height,
  ink: boxBlur(ink, width, height, radius).map((mean) => (mean > 0.999 ? 1 : 0)),
});
const dilated = ({ width, height, ink }: Plane, radius: number): Plane => ({
  width,
  height,
  ink: boxBlur(ink, width, height, radius).map((mean) => (mean > 0.001 ? 1 : 0)),
});

function boxBlur(ink: Float32Array, width: number, height: number, radius: number): Float32Array {
  const rows = new Float32Array(ink.length);
  for (let y = 0; y < height; y++) slide(ink, rows, y * width, 1, width, radius);
  const both = new Float32Array(ink.length);
  for (let x = 0; x < width; x++) slide(rows, both, x, width, height, radius);
  return both;
}

/** Writes the running mean along one row or column. */
function slide(
  from: Float32Array,
  to: Float32Array,
  start: number,
  stride: number,
  count: number,
  radius: number,
): void {
  let [sum, inside] = [0, 0];
  for (let at = -radius; at < count; at++) {
    const entering = at + radius;
    if (entering < count) {
      sum += from[start + entering * stride] as number;
      inside++;
    }
    const leaving = at - radius - 1;
    if (leaving >= 0) {
      sum -= from[start + leaving * stride] as number;
      inside--;
    }
    if (at >= 0) to[start + at * stride] = sum / inside;
  }
}

function otsu(ink: Float32Array): number {
  const counts = new Float64Array(64);
  for (const value of ink) {
    const level = Math.min(63, Math.floor(value * 64));
    counts[level] = (counts[level] as number) + 1;
  }
  const total = ink.length;
  const whole = counts.reduce((sum, count, level) => sum + count * level, 0);
  let [below, belowSum, best, limit] = [0, 0, -1, 0];
  for (let level = 0; level < 63; level++) {
    below += counts[level] as number;
    belowSum += (counts[level] as number) * level;
    if (below === 0 || below === total) continue;
    const gap = belowSum / below - (whole - belowSum) / (total - below);
    const spread = below * (total - below) * gap * gap;
    if (spread > best) [best, limit] = [spread, level];
  }
  return (limit + 1) / 64;
}
