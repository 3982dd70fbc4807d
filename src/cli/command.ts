import type { ExitCode } from "./exit-code.js";
import type { Terminal } from "./terminal.js";

/** The environment's variables. */
export type Env = Readonly<Record<string, string | undefined>>;

/** One option of a command. */
export interface CommandOption {
  readonly name: string;
  /** The name of its value; absent for an option without one. */
  readonly value?: string;
  readonly help: string;
}

/** One thing that the program does. */
export interface Command {
  readonly name: string;
  /** What stands after the name: `<address>`. */
  readonly takes: string;
  /** How many of those there may be. */
  readonly operands: readonly [min: number, max: number];
  readonly summary: string;
  readonly options: readonly CommandOption[];
  /** More paragraphs of its help. */
  readonly notes?: readonly string[];
  readonly examples: readonly string[];
  run(args: Args, terminal: Terminal): Promise<ExitCode>;
}

/** The arguments of a command, and the environment. */
export interface Args {
  readonly operands: readonly string[];
  readonly env: Env;
  has(option: string): boolean;
  value(option: string): string | undefined;
  /** A length of time in seconds; `undefined` when the option is absent. */
  duration(option: string): number | undefined;
  /** A whole number from `min` to `max`; `fallback` when the option is absent. */
  integer(option: string, fallback: number, min: number, max: number): number;
}

/** Prints JSON for scripts. */
export const JSON_OPTION: CommandOption = { name: "json", help: "prints JSON for scripts" };
