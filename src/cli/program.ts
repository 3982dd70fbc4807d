import { nearestName } from "../options/table.js";
import type { Command } from "./command.js";
import { EXIT, UsageError, type ExitCode } from "./exit-code.js";
import { failureOf } from "./failure.js";
import { readArguments } from "./arguments.js";
import { PROGRAM, printCommandHelp, printHelp } from "./help.js";
import type { Terminal } from "./terminal.js";
import { printable } from "../printable.js";
import { packageVersion } from "./version.js";

/**
 * Runs the command that the arguments name. Whatever goes wrong is told in words; nothing is thrown.
 *
 * @returns the exit code
 */
export async function runProgram(
  commands: readonly Command[],
  args: readonly string[],
  terminal: Terminal,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ExitCode> {
  try {
    return await dispatch(commands, args, terminal, env);
  } catch (error) {
    const { message, exitCode } = failureOf(error);
    const lines = message.split("\n").map((line) => printable(line));
    terminal.tell(`${terminal.styled("red", PROGRAM)}: ${lines.join("\n")}`);
    if (error instanceof UsageError)
      terminal.tell(
        `"${PROGRAM} help${error.command === undefined ? "" : ` ${error.command}`}" says how it is used.`,
      );
    return exitCode;
  }
}

async function dispatch(
  commands: readonly Command[],
  args: readonly string[],
  terminal: Terminal,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined) {
    printHelp(terminal, commands);
    return EXIT.usage;
  }
  if (name === "--version" || name === "version") {
    terminal.print(packageVersion());
    return EXIT.ok;
  }
  if (name === "help" || name === "--help" || name === "-h") {
    const [about] = rest;
    if (about === undefined) printHelp(terminal, commands);
    else printCommandHelp(terminal, commandNamed(commands, about));
    return EXIT.ok;
  }
  const command = commandNamed(commands, name);
  const given = readArguments(command, rest, env);
  if (given.has("help")) {
    printCommandHelp(terminal, command);
    return EXIT.ok;
  }
  return command.run(given, terminal);
}

function commandNamed(commands: readonly Command[], name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const nearest = nearestName(
    name,
    commands.map((command) => command.name),
  );
  const meant = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  throw new UsageError(`there is no command "${name.slice(0, 64)}"${meant}`);
}
