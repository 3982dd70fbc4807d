import { messageOf } from "../errors.js";
import { printable, printableJson } from "../printable.js";

/** The severity of a record. */
export type LogLevel = "info" | "warn" | "error";

/** What a record says besides its message. Values that are undefined or empty are left out. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One record of the log. */
export interface LogRecord {
  readonly level: LogLevel;
  /** The kind of record: a kind of event (`banned`, …), or the name of a notice. */
  readonly event: string;
  /** One line of English. */
  readonly message: string;
  readonly fields: LogFields;
}

const MAX_TEXT = 512;
const MAX_LINE = 2048;
const MAX_ENTRIES = 20;
const MAX_DEPTH = 4;
/** Texts that a line can show without quotes. */
const PLAIN = /^[\w.:/@+*~-]+$/;

/** Returns a record whose texts are cut and cleaned: texts from clients cannot forge lines or act on a terminal. */
export function cleanRecord({ level, event, message, fields }: LogRecord): LogRecord {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    if (value !== undefined && value !== "") clean[name] = cleanValue(value, 0);
  return { level, event, message: printable(message, MAX_LINE), fields: clean };
}

/** Returns a clean record as one line, its fields as `name=value`; an address or id that the message ends with is not repeated. */
export function lineOf({ message, fields }: LogRecord): string {
  const isCoded = fields["code"] !== undefined;
  let line = isCoded ? message : `express-bunker: ${message}`;
  for (const [name, value] of Object.entries(fields)) {
    const isSaid = (name === "ip" || name === "id") && message.endsWith(` ${String(value)}`);
    // The message of a warning has both.
    if (name === "code" || name === "advice" || isSaid) continue;
    line += ` ${name}=${shown(name === "err" ? (value as { message: unknown }).message : value)}`;
  }
  return line.slice(0, MAX_LINE);
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : printableJson(value);
  return typeof value === "object" || PLAIN.test(text) ? text : JSON.stringify(text);
}

function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return printable(value, MAX_TEXT);
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Error) return cleanError(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object") return printable(printableJson(value), MAX_TEXT);
  if (depth === MAX_DEPTH) return "…";
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((entry) => cleanValue(entry, depth + 1));
  const clean: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(value).slice(0, MAX_ENTRIES))
    if (entry !== undefined) clean[printable(name, 64)] = cleanValue(entry, depth + 1);
  return clean;
}

// Without its stack, which loggers print as it is.
function cleanError(error: Error): object {
  const { code } = error as { code?: unknown };
  return {
    type: printable(error.name, 64),
    message: printable(messageOf(error), MAX_TEXT),
    ...(typeof code === "string" ? { code: printable(code, 64) } : {}),
  };
}
