import { integer, oneOf } from "../options/check.js";
import { allProblemsAtOnce, readOptions, type AnyTable } from "../options/table.js";
import type { Engine } from "./engine.js";
import type { Mode, SecurityMode } from "./security-mode.js";

/** Options of `bunker().mode`. */
export interface ModeOptions {
  /** For how long the mode is in force, in seconds: at most 31536000 (a year); 0 = until it is changed. Default 0. */
  for?: number;
}

/** The mode in force. */
export interface ModeInForce {
  /** The mode of every service, or, while none is set at run time, of those that are not in `services`. */
  readonly mode: Mode;
  /** The configured mode, which is in force while none is set at run time. */
  readonly configured: Mode;
  /** When the mode that was set at run time ends; `null` = when it is changed; absent = none is set. */
  readonly until?: Date | null;
  /** The services with another configured mode; absent = there are none. */
  readonly services?: Readonly<Record<string, Mode>>;
}

/** The longest time that a mode may be set for, in seconds. */
export const MAX_MODE_TIME = 31_536_000;

const modeTable = {
  for: {
    check: integer(0, MAX_MODE_TIME, "seconds"),
    default: 0,
    help: "How long the mode is in force, in seconds; 0 = until it is changed.",
  },
} satisfies AnyTable;

const modeCheck = oneOf("block", "detect", "configured");

/**
 * Sets the mode at run time; `"configured"` undoes that.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid argument, as a rejection
 * @throws {StoreFailure} when the store cannot be written, as a rejection
 */
export async function switchMode(securityMode: SecurityMode, mode: unknown, options: unknown): Promise<void> {
  const [wanted, seconds] = allProblemsAtOnce((report) => {
    const read = modeCheck.read(mode, "mode", report);
    const { for: time } = readOptions(modeTable, options, "", report);
    if (read === "configured" && time > 0)
      report({ path: "for", value: time, allowed: 'nothing with "configured"' });
    return [read, time] as const;
  });
  await securityMode.change(wanted === "configured" ? undefined : wanted, seconds);
}

/** Returns the mode that was set at run time, and until when it is in force; nothing if none is set. */
export function modeSet({ current }: SecurityMode): Pick<Partial<ModeInForce>, "mode" | "until"> {
  if (current === undefined) return {};
  return { mode: current.mode, until: current.until === Infinity ? null : new Date(current.until) };
}

/** Returns the mode of an engine that is in force. */
export function modeInForce({ context, servicesWithMode: services }: Engine): ModeInForce {
  const { options, securityMode } = context;
  return {
    mode: options.mode,
    configured: options.mode,
    ...modeSet(securityMode),
    ...(Object.keys(services).length === 0 ? {} : { services }),
  };
}
