import type { LogEntry } from "./log-entry.js";

// [host[:port] ]address ident user [time] "request" status bytes["referer" "user agent"]
const LINE =
  /^(?:(\S+) )?(\S+) \S+ (?:\S+|"(?:[^"\\]|\\.)*") \[(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\] "((?:[^"\\]|\\.)*)" (\d{3}) (?:\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?/;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Reads a line of the common or combined format, with or without the virtual host before it. */
export function readCombined(line: string): LogEntry | undefined {
  const parts = LINE.exec(line);
  if (parts === null) return undefined;
  const [, host, ip, day, month, year, hours, minutes, seconds, sign, zoneHours, zoneMinutes] = parts;
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === "-" ? -1 : 1);
  const time = Date.UTC(
    Number(year),
    MONTHS.indexOf(month as string),
    Number(day),
    Number(hours),
    Number(minutes) - zone,
    Number(seconds),
  );
  const [method, url] = (parts[12] as string).split(" ") as [string, string | undefined];
  return {
    time,
    ip: ip as string,
    // Half a request, or bytes of something else, is logged as it came.
    method: url === undefined ? "GET" : method,
    url: url ?? "/",
    status: Number(parts[13]),
    host,
    referer: textOrNone(parts[14]),
    userAgent: textOrNone(parts[15]),
  };
}

function textOrNone(text: string | undefined): string | undefined {
  return text === undefined || text === "-" || text === "" ? undefined : text;
}
