import { parseArgs } from "node:util";
import { nearestName } from "../options/table.js";
import type { Command, CommandOption } from "./command.js";
import { UsageError } from "./exit-code.js";

/** What was given on the command line, and in the environment. */
export interface Given {
  readonly operands: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  has(option: string): boolean;
  value(option: string): string | undefined;
  /** A whole number from `least` to `most`, or `start` when it was not given. */
  integer(option: string, start: number, least: number, most: number): number;
}

const HELP: CommandOption = { name: "help", help: "says what the command does" };

/**
 * Reads a command's arguments.
 *
 * @throws {UsageError} for what it does not take
 */
export function readArguments(
  command: Command,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Given {
  const options = [...command.options, HELP];
  const byName = new Map(options.map((option) => [option.name, option]));
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries([
      ...options.map(({ name, value }) => [
        name,
        { type: value === undefined ? "boolean" : "string", ...(name === "help" ? { short: "h" } : {}) },
      ]),
    ]) as Record<string, { type: "string" | "boolean" }>,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const option = byName.get(token.name);
    if (option === undefined) throw unknown(token.rawName, byName, command);
    values.set(token.name, valueOf(option, token, command));
  }
  const given = new Arguments(command, operands, values, env);
  if (!given.has("help")) given.check();
  return given;
}

class Arguments implements Given {
  constructor(
    private readonly command: Command,
    readonly operands: readonly string[],
    private readonly values: ReadonlyMap<string, string>,
    readonly env: Readonly<Record<string, string | undefined>>,
  ) {}

  has(option: string): boolean {
    return this.values.has(option);
  }

  value(option: string): string | undefined {
    return this.values.get(option);
  }

  integer(option: string, start: number, least: number, most: number): number {
    const text = this.values.get(option);
    if (text === undefined) return start;
    const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (number >= least && number <= most) return number;
    throw new UsageError(
      `--${option} takes a whole number from ${least} to ${most}; got "${text}"`,
      this.command.name,
    );
  }

  check(): void {
    const { name, takes, operands } = this.command;
    const [least, most] = operands;
    const count = this.operands.length;
    if (count < least) throw new UsageError(`${name} takes ${takes}`, name);
    if (count > most)
      throw new UsageError(
        most === 0
          ? `${name} takes no "${this.operands[0] as string}"`
          : `${name} takes ${takes} only; "${this.operands[most] as string}" is too much`,
        name,
      );
  }
}

function unknown(given: string, byName: ReadonlyMap<string, CommandOption>, { name }: Command): UsageError {
  const nearest = nearestName(given.replace(/^-+/, ""), [...byName.keys()]);
  const meant = nearest === undefined ? "" : `; did you mean --${nearest}?`;
  return new UsageError(`${name} has no option ${given}${meant}`, name);
}

function valueOf(
  { name, value: what }: CommandOption,
  { value, inlineValue }: { value?: string | undefined; inlineValue?: boolean | undefined },
  command: Command,
): string {
  if (what === undefined) {
    if (value === undefined) return "";
    throw new UsageError(`--${name} takes no value; got "${value}"`, command.name);
  }
  if (value === undefined || value === "" || (inlineValue !== true && value.startsWith("--")))
    throw new UsageError(`--${name} takes a value: --${name} ${what}`, command.name);
  return value;
}
