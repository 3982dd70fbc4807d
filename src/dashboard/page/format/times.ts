import type { HistoryRange } from "../../api.js";
import { fraction } from "./numbers.js";

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const minute = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const dayAndMinute = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** The local time of day with seconds. */
export const clockTime = (time: number): string => clock.format(time);

/** The local date and time. */
export const fullTime = (time: number): string => full.format(time);

/** The local date and time, to the minute. */
export const dayTime = (time: number): string => dayAndMinute.format(time);

/** Times that are not today's carry their day. */
export function shortTime(time: number, now: number): string {
  return new Date(time).toDateString() === new Date(now).toDateString() ? clock.format(time) : dayTime(time);
}

/** `2026-11-28 01:02:03 UTC` */
export const utcTime = (time: number): string =>
  Number.isFinite(time)
    ? new Date(time)
        .toISOString()
        .replace("T", " ")
        .replace(/\.\d+Z$/, " UTC")
    : "";

/** The label of a time on an axis over `span` ms. */
export const axisTime = (time: number, span: number): string =>
  (span > 2 * 86_400_000 ? day : minute).format(time);

/** A time in seconds as `850 ms`, `4.2 s`, `2 min 5 s`. */
export function seconds(value: number): string {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${fraction(value)} s`;
  return duration(value * 1000);
}

/** A length of time in ms in its two largest units: `3 d 4 h`. */
export function duration(ms: number): string {
  const total = Math.max(0, Math.round(ms / 1000));
  const parts: readonly [number, string][] = [
    [Math.floor(total / 86_400), "d"],
    [Math.floor(total / 3600) % 24, "h"],
    [Math.floor(total / 60) % 60, "min"],
    [total % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([value], at) => at === 0 || value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}

/** `5 min ago` */
export function ago(time: number, now: number): string {
  const ms = now - time;
  if (ms < 5000) return "just now";
  const total = Math.floor(ms / 1000);
  if (total < 60) return `${total} s ago`;
  if (total < 3600) return `${Math.floor(total / 60)} min ago`;
  if (total < 86_400) return `${Math.floor(total / 3600)} h ago`;
  return `${Math.floor(total / 86_400)} d ago`;
}

export const RANGES: readonly {
  readonly value: HistoryRange;
  readonly text: string;
  readonly long: string;
}[] = [
  { value: "1h", text: "1 h", long: "hour" },
  { value: "24h", text: "24 h", long: "24 hours" },
  { value: "7d", text: "7 d", long: "7 days" },
  { value: "30d", text: "30 d", long: "30 days" },
];

/** The range of a route's query; by default the last hour. */
export const rangeOf = (text: string | undefined): HistoryRange =>
  RANGES.find(({ value }) => value === text)?.value ?? "1h";

/** The name of a range in a sentence: "last 24 hours". */
export const rangeName = (range: HistoryRange): string =>
  `last ${RANGES.find(({ value }) => value === range)?.long ?? range}`;
