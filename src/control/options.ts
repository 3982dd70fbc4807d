import { text } from "../options/check.js";
import { allProblemsAtOnce, readOptions, type OptionsTable } from "../options/table.js";

/** Where a control socket is when nobody says anything else, from the working directory. */
export const DEFAULT_PATH = ".express-bunker.sock";

/** Options of a control socket. */
export interface ControlOptions {
  /** The socket's path, at most 90 bytes. Default: the variable `EXPRESS_BUNKER_CONTROL`, or `.express-bunker.sock`. */
  path?: string;
}

interface ControlResolved {
  path: string;
}

const pathText = text("a path of 1 to 90 bytes", /^[^\0]+$/);

/** The options of a control socket. */
const controlTable: OptionsTable<ControlResolved> = {
  path: {
    check: {
      ...pathText,
      read(value, path, report) {
        const read = pathText.read(value, path, report);
        // The system's own limit is little more, and the socket is made under another name first.
        if (read === undefined || Buffer.byteLength(read) <= 90) return read;
        report({ path, value, allowed: pathText.allowed });
        return undefined;
      },
    },
    default: () => defaultPath(process.env),
    help: "Where the socket is.",
  },
};

/** Where a control socket is by default. */
export function defaultPath(env: Readonly<Record<string, string | undefined>>): string {
  const named = env["EXPRESS_BUNKER_CONTROL"];
  return named === undefined || named === "" ? DEFAULT_PATH : named;
}

/**
 * Reads the options of a control socket.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every wrong option
 */
export function readControlOptions(options: unknown): ControlResolved {
  return allProblemsAtOnce((report) => readOptions(controlTable, options, "", report));
}
