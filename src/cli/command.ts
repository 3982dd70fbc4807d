import type { ExitCode } from "./exit-code.js";
import type { Terminal } from "./terminal.js";

export type Env = Readonly<Record<string, string | undefined>>;

export interface CommandOption {
  readonly name: string;
  /** The name of its value; absent for an option without one. */
  readonly value?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** What stands after the name: `<address>`. */
  readonly takes: string;
  /** How many of those there may be. */
  readonly operands: readonly [min: number, max: number];
  readonly summary: string;
  readonly options: readonly CommandOption[];
  readonly notes?: readonly string[];
  readonly examples: readonly string[];
  run(args: Args, terminal: Terminal): Promise<ExitCode>;
}

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

export const JSON_OPTION: CommandOption = { name: "json", help: "prints JSON for scripts" };
