import { parseArgs } from "node:util";
import { nearestName } from "../options/table.js";
import type { Args, Command, CommandOption, Env } from "./command.js";
import { UsageError } from "./exit-code.js";
import { secondsIn } from "./time.js";

const HELP: CommandOption = { name: "help", help: "describes the command" };

export function readArguments(command: Command, argv: readonly string[], env: Env): Args {
  const options = [...command.options, HELP];
  const byName = new Map(options.map((option) => [option.name, option]));
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      options.map(({ name, value }) => [
        name,
        { type: value === undefined ? "boolean" : "string", ...(name === "help" ? { short: "h" } : {}) },
      ]),
    ),
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
    if (option === undefined) throw unknownOption(token.rawName, [...byName.keys()], command);
    values.set(token.name, valueOf(option, token));
  }
  if (!values.has("help")) checkOperands(command, operands);
  return {
    operands,
    env,
    has: (option) => values.has(option),
    value: (option) => values.get(option),
    duration(option) {
      const text = values.get(option);
      return text === undefined ? undefined : secondsIn(text, `--${option}`);
    },
    integer(option, fallback, min, max) {
      const text = values.get(option);
      if (text === undefined) return fallback;
      const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
      if (number >= min && number <= max) return number;
      throw new UsageError(`--${option} takes a whole number from ${min} to ${max}; got "${text}"`);
    },
  };
}

function checkOperands({ name, takes, operands: [min, max] }: Command, operands: readonly string[]): void {
  if (operands.length < min) throw new UsageError(`${name} takes ${takes}`);
  const extra = operands[max];
  if (extra === undefined) return;
  throw new UsageError(
    max === 0 ? `${name} takes no "${extra}"` : `${name} takes ${takes} only; "${extra}" is too much`,
  );
}

function unknownOption(written: string, names: readonly string[], { name }: Command): UsageError {
  const nearest = nearestName(written.replace(/^-+/, ""), names);
  const hint = nearest === undefined ? "" : `; did you mean --${nearest}?`;
  return new UsageError(`${name} has no option ${written}${hint}`);
}

function valueOf(
  { name, value: placeholder }: CommandOption,
  { value, inlineValue }: { value?: string | undefined; inlineValue?: boolean | undefined },
): string {
  if (placeholder === undefined) {
    if (value === undefined) return "";
    throw new UsageError(`--${name} takes no value; got "${value}"`);
  }
  if (value === undefined || value === "" || (inlineValue !== true && value.startsWith("--")))
    throw new UsageError(`--${name} takes a value: --${name} ${placeholder}`);
  return value;
}
