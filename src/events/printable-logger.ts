import { messageOf } from "../errors.js";
import { printable, printableJson } from "../printable.js";
import type { Logger } from "./event-bus.js";

const made = new WeakMap<Logger, Logger>();

/**
 * Returns a logger that writes to `logger` what is fit for a log, one line each: texts from clients, hooks and other servers
 * cannot forge lines or act on a terminal. The same logger gets the same one, so that lines are not logged twice.
 */
export function printableLogger(logger: Logger): Logger {
  let clean = made.get(logger);
  if (clean === undefined) {
    const write =
      (level: keyof Logger) =>
      (message: string, ...rest: unknown[]): void =>
        logger[level](printable(message), ...rest.map(textOf));
    clean = { info: write("info"), warn: write("warn"), error: write("error") };
    made.set(logger, clean);
    // A logger that is already clean is its own.
    made.set(clean, clean);
  }
  return clean;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return printable(value);
  return value instanceof Error ? printable(messageOf(value)) : printableJson(value);
}
