import { readCombined } from "./combined-log.js";
import { readJsonLine } from "./json-log.js";
import type { LogEntry } from "./log-entry.js";

/** Reads a line in the common or combined format, or of JSON; `undefined` when it is in neither. */
export function readLogLine(line: string): LogEntry | undefined {
  return line.startsWith("{") ? readJsonLine(line) : readCombined(line);
}
