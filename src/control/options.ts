import { text } from "../options/check.js";
import type { AnyTable } from "../options/table.js";

/** The default path of a control socket, relative to the working directory. */
export const DEFAULT_PATH = ".express-bunker.sock";

/** Options of a control socket. */
export interface ControlOptions {
  /** The socket's path, at most 90 bytes. Default: the variable `EXPRESS_BUNKER_CONTROL`, or `.express-bunker.sock`. */
  path?: string;
}

const pathText = text("a path of 1 to 90 bytes", /^[^\0]+$/);

export const controlTable = {
  path: {
    check: {
      ...pathText,
      read(value, path, report) {
        const read = pathText.read(value, path, report);
        // The limit of the system is slightly higher, but the socket is first created under a longer name.
        if (read === undefined || Buffer.byteLength(read) <= 90) return read;
        report({ path, value, allowed: pathText.allowed });
        return undefined;
      },
    },
    default: () => defaultPath(process.env),
    help: "Where the socket is.",
  },
} satisfies AnyTable;

/** Returns the default path of a control socket. */
export function defaultPath(env: Readonly<Record<string, string | undefined>>): string {
  const named = env["EXPRESS_BUNKER_CONTROL"];
  return named === undefined || named === "" ? DEFAULT_PATH : named;
}
