import type { ExitCode } from "./exit-code.js";
import type { Given } from "./arguments.js";
import type { Terminal } from "./terminal.js";

/** One option of a command. */
export interface CommandOption {
  readonly name: string;
  /** What it takes; absent for one that is given or not. */
  readonly value?: string;
  readonly help: string;
}

/** One thing that the program does. */
export interface Command {
  readonly name: string;
  /** What stands after the name: `<address>`. */
  readonly takes: string;
  /** How many of those there may be. */
  readonly operands: readonly [least: number, most: number];
  readonly summary: string;
  readonly options: readonly CommandOption[];
  /** What else help says, a line each. */
  readonly notes?: readonly string[];
  readonly examples: readonly string[];
  run(given: Given, terminal: Terminal): Promise<ExitCode>;
}

/** Prints JSON for scripts. */
export const JSON_OPTION: CommandOption = { name: "json", help: "prints JSON for scripts" };
