import type { Logger } from "./logger.js";
import { lineOf, type LogLevel, type LogRecord } from "./log-record.js";

/** Writes a clean record. */
export type LogWriter = (record: LogRecord) => void;

/** Returns what writes records to a logger in the way that this kind of logger keeps all of them. */
export function writerOf(logger: Logger): LogWriter {
  if (isConsole(logger)) return (record) => at(logger, record.level)(lineOf(record));
  // pino drops arguments after the message that have no placeholder in it: its fields come first.
  if (isPino(logger))
    return ({ level, event, message, fields }) => at(logger, level)({ event, ...fields }, message);
  // winston drops fields if the message has a placeholder: one object has both.
  if (isWinston(logger))
    return ({ level, event, message, fields }) => logger.log({ ...fields, level, message, event });
  // A logger that drops the second argument has everything in the line.
  return (record) => {
    const { level, event, message, fields } = record;
    at(logger, level)(lineOf(record), { event, message, ...fields });
  };
}

type Write = (first: unknown, second?: unknown) => void;

// A logger for a store need not have all methods.
function at(logger: Logger, level: LogLevel): Write {
  const methods = logger as unknown as Partial<Record<LogLevel, Write>>;
  const name = methods[level] === undefined ? "warn" : level;
  return (...values) => methods[name]?.(...values);
}

function isConsole(logger: Logger): boolean {
  return logger === console || logger instanceof console.Console;
}

// Children of a logger inherit this from it.
function isPino(logger: Logger): boolean {
  return Symbol.for("pino.serializers") in logger;
}

function isWinston(logger: Logger): logger is Logger & { log(entry: object): void } {
  const { log, transports, exitOnError } = logger as unknown as Record<string, unknown>;
  return typeof log === "function" && Array.isArray(transports) && exitOnError !== undefined;
}
