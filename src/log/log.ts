import { withHelp } from "../errors.js";
import { cleanRecord, type LogFields, type LogRecord } from "./log-record.js";
import { writerOf, type LogWriter } from "./log-writer.js";
import type { Logger } from "./logger.js";

const made = new WeakMap<Logger, Log>();

/** Writes structured records to the app's logger. A broken logger never breaks a request: what it throws is ignored. */
export class Log {
  /** Returns the log of a logger: the same logger gets the same one, so that records are not written twice. */
  static of(logger: Logger | Log): Log {
    if (logger instanceof Log) return logger;
    let log = made.get(logger);
    if (log === undefined) made.set(logger, (log = new Log(writerOf(logger))));
    return log;
  }

  private constructor(private readonly writer: LogWriter) {}

  write(record: LogRecord): void {
    try {
      this.writer(cleanRecord(record));
    } catch {
      // Nobody is left to tell.
    }
  }

  /** @param event the name of the notice, in snake case */
  info(event: string, message: string, fields: LogFields = {}): void {
    this.write({ level: "info", event, message, fields });
  }

  /** Writes a warning with its code, and the command that explains it. */
  warn(code: `WRN_BUNKER_${string}`, message: string, fields: LogFields = {}): void {
    const explained = withHelp(code, message);
    this.write({ level: "warn", event: "warning", message: explained, fields: { code, ...fields } });
  }
}
