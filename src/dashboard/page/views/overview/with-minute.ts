import type { CountsPoint, CountsReport } from "../../../api.js";
import { samples } from "../../state/stream.js";

/** Puts the current minute, as the stream tells it each second, in the place of the last bucket of an hour. */
export function withMinute(counts: CountsReport): CountsReport {
  const minute = samples.value.at(-1)?.minute;
  const last = counts.points.at(-1);
  if (counts.range !== "1h" || minute === undefined || last === undefined || minute.time < last.time)
    return counts;
  if (minute.time - last.time > 5 * counts.step || isBehind(minute, last)) return counts;
  const before = minute.time === last.time ? counts.points.slice(0, -1) : counts.points.slice(1);
  return { ...counts, points: [...before, minute] };
}

// The report may be newer than the last sample, or count more instances.
function isBehind(minute: CountsPoint, last: CountsPoint): boolean {
  return minute.time === last.time && minute.requests < last.requests;
}
