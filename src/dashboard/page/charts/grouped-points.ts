import type { CountsPoint, CountsReport } from "../../api.js";

const HOUR = 3_600_000;
/** Lengths of bars in ms, shortest first. */
const LENGTHS = [60_000, 2 * 60_000, 900_000, 1_800_000, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR];

/** Points that one bar of the chart stands for. */
export interface PointGroup {
  readonly time: number;
  readonly points: readonly CountsPoint[];
}

/** Groups buckets so that there are at most `most` bars. */
export function groupPoints(
  { points, step }: Pick<CountsReport, "points" | "step">,
  most: number,
): { groups: PointGroup[]; length: number } {
  const wanted = (points.length * step) / most;
  const length = LENGTHS.find((ms) => ms >= step && ms % step === 0 && ms >= wanted) ?? 12 * HOUR;
  const byTime = new Map<number, CountsPoint[]>();
  for (const point of points) {
    const time = Math.floor(point.time / length) * length;
    const group = byTime.get(time);
    if (group === undefined) byTime.set(time, [point]);
    else group.push(point);
  }
  return { groups: [...byTime].map(([time, grouped]) => ({ time, points: grouped })), length };
}

/** The sum of a number over the points of a group. */
export const sumOf = ({ points }: PointGroup, valueOf: (point: CountsPoint) => number): number =>
  points.reduce((sum, point) => sum + valueOf(point), 0);
