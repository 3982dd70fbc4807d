import { readCombined } from "./combined-log.js";
import { readJsonLine } from "./json-log.js";

/** One request as a log tells of it. */
export interface LogEntry {
  /** When, in ms. */
  readonly time: number;
  readonly ip: string;
  readonly method: string;
  /** Path and query, as the client wrote them. */
  readonly url: string;
  readonly status: number;
  readonly host: string | undefined;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}

/** Reads a line of a log in the common or combined format, or of JSON; `undefined` = it is none. */
export function readLogLine(line: string): LogEntry | undefined {
  return line.startsWith("{") ? readJsonLine(line) : readCombined(line);
}
