import { nearestName } from "../options/table.js";
import { printable } from "../printable.js";
import { readArguments } from "./arguments.js";
import type { Command, Env } from "./command.js";
import { EXIT, UsageError, type ExitCode } from "./exit-code.js";
import { failureOf } from "./failure.js";
import { PROGRAM, printCommandHelp, printHelp } from "./help.js";
import type { Terminal } from "./terminal.js";
import { packageVersion } from "../version.js";

/** Runs the command that the arguments name. Errors are printed, never thrown. */
export async function runProgram(
  commands: readonly Command[],
  argv: readonly string[],
  terminal: Terminal,
  env: Env,
): Promise<ExitCode> {
  const [name, ...rest] = argv;
  let command: Command | undefined;
  try {
    if (name === "--version" || name === "version") {
      terminal.print(packageVersion());
      return EXIT.ok;
    }
    if (name === undefined || name === "help" || name === "--help" || name === "-h") {
      const [topic] = rest;
      if (topic === undefined) printHelp(terminal, commands);
      else printCommandHelp(terminal, commandNamed(commands, topic));
      return name === undefined ? EXIT.usage : EXIT.ok;
    }
    command = commandNamed(commands, name);
    const args = readArguments(command, rest, env);
    if (!args.has("help")) return await command.run(args, terminal);
    printCommandHelp(terminal, command);
    return EXIT.ok;
  } catch (error) {
    const { message, exitCode } = failureOf(error);
    const lines = message.split("\n").map((line) => printable(line));
    terminal.note(`${terminal.styled("red", PROGRAM)}: ${lines.join("\n")}`);
    if (error instanceof UsageError)
      terminal.note(`Run "${PROGRAM} help${command === undefined ? "" : ` ${command.name}`}" for its usage.`);
    return exitCode;
  }
}

function commandNamed(commands: readonly Command[], name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const nearest = nearestName(
    name,
    commands.map((command) => command.name),
  );
  const hint = nearest === undefined ? "" : `; did you mean "${nearest}"?`;
  throw new UsageError(`there is no command "${name.slice(0, 64)}"${hint}`);
}
