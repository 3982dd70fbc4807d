import type { ModeInForce } from "../../engine/switch-mode.js";
import { MAX_MODE_TIME } from "../../engine/switch-mode.js";
import type { Json } from "../../control/messages.js";
import { printable } from "../../printable.js";
import { type Args, JSON_OPTION, type Command } from "../command.js";
import { EXIT, UsageError } from "../exit-code.js";
import { TARGET_NOTES, TARGET_OPTIONS, withTarget } from "../find-target.js";
import { shownTime } from "../time.js";

const MODES = ["block", "detect", "configured"] as const;

export const modeCommand: Command = {
  name: "mode",
  takes: "[mode]",
  operands: [0, 1],
  summary: "sets the mode of running apps for some time; without one, shows it",
  options: [
    { name: "for", value: "TIME", help: "how long: seconds, 30m, 1h, 7d (default: until it is changed)" },
    JSON_OPTION,
    ...TARGET_OPTIONS,
  ],
  notes: [
    "Modes are detect, block and configured. detect: nothing is refused and no ban is written, and the log says what would have been. block: requests are refused, whatever is configured. configured: each app has its configured mode again.",
    "On Redis it is the mode of all apps that share it, also of those that start later.",
    ...TARGET_NOTES,
  ],
  examples: ["mode detect --for 1h", "mode configured", "mode --redis redis://127.0.0.1:6379"],
  async run(args, terminal) {
    const mode = modeOperand(args);
    const time = timeOption(args, mode);
    const found = await withTarget(args, (target) => target.ask({ command: "mode", mode, for: time }));
    if (args.has("json")) terminal.printJson(found);
    else for (const line of linesOf(found)) terminal.print(printable(line));
    return EXIT.ok;
  },
};

function modeOperand({ operands: [text] }: Args): (typeof MODES)[number] | undefined {
  const mode = MODES.find((name) => name === text);
  if (mode !== undefined || text === undefined) return mode;
  throw new UsageError(`mode takes one of ${MODES.join(", ")}; got "${text}"`);
}

function timeOption(args: Args, mode: (typeof MODES)[number] | undefined): number | undefined {
  const time = args.duration("for");
  if (time === undefined) return undefined;
  if (mode === undefined || mode === "configured") throw new UsageError("--for goes with detect and block");
  if (time > MAX_MODE_TIME) throw new UsageError("--for takes at most 365d");
  return time;
}

function linesOf({ mode, configured, until, services = {} }: Json<Partial<ModeInForce>>): string[] {
  if (mode === undefined) return ["No mode is set: each app has its configured one."];
  if (until === undefined)
    return [
      `The mode is ${mode}, as configured.`,
      ...Object.entries(services).map(([name, own]) => `The mode of ${name} is ${own}.`),
    ];
  const end = until === null ? "until it is changed" : `until ${shownTime(until)}`;
  const before = configured === undefined ? "" : ` (configured: ${configured})`;
  return [`The mode is ${mode} ${end}${before}.`];
}
