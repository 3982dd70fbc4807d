import { UsageError } from "./exit-code.js";

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** The seconds of a length of time: seconds, or a number with s, m, h, d or w. `forever` is 0. */
export function secondsIn(text: string, option: string): number {
  if (text === "forever") return 0;
  const [, digits, unit = "s"] = /^(\d{1,12})([smhdw]?)$/.exec(text) ?? [];
  const seconds = Number(digits) * (SECONDS[unit === "" ? "s" : unit] as number);
  if (digits === undefined || !Number.isSafeInteger(seconds))
    throw new UsageError(
      `${option} takes seconds, or a number with s, m, h, d or w ("90", "12h", "30d"), or "forever"; got "${text}"`,
    );
  return seconds;
}

/** A time for people, in UTC. */
export function shownTime(time: Date | string | number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "?" : `${date.toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** A length of time as its two largest units. */
export function shownLength(seconds: number): string {
  let left = Math.max(0, Math.round(seconds));
  const parts: string[] = [];
  for (const [name, size] of Object.entries({ d: 86_400, h: 3600, m: 60, s: 1 })) {
    const count = Math.floor(left / size);
    if (count > 0 && parts.length < 2) parts.push(`${count}${name}`);
    else if (parts.length > 0) break;
    left -= count * size;
  }
  return parts.length === 0 ? "0s" : parts.join(" ");
}
