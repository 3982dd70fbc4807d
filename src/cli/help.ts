import type { Command, CommandOption } from "./command.js";
import type { Terminal } from "./terminal.js";

/** What the program is called in help and errors. */
export const PROGRAM = "express-bunker";

/** Says what the program does, a line a command. */
export function printHelp(terminal: Terminal, commands: readonly Command[]): void {
  const bold = (text: string): string => terminal.styled("bold", text);
  terminal.print(
    `${bold("express-bunker")}: lists, adds and lifts bans, and explains what the protections do`,
  );
  terminal.print();
  terminal.print(`${bold("Usage:")} ${PROGRAM} <command> [options]`);
  terminal.print();
  terminal.print(bold("Commands:"));
  const width = Math.max(...commands.map((command) => nameOf(command).length));
  for (const command of commands) terminal.print(`  ${nameOf(command).padEnd(width)}  ${command.summary}`);
  terminal.print();
  terminal.print(
    wrapped(
      "Commands act on a running app, through the socket of its guard.control(), or on the Redis that apps share.",
    ),
  );
  terminal.print();
  terminal.print(bold("Exit codes:"));
  terminal.print("  0  all is well, or the answer is yes");
  terminal.print("  1  a problem was found, or the answer is no");
  terminal.print("  2  the command line is wrong");
  terminal.print("  3  the app, Redis or a server could not be reached");
  terminal.print();
  terminal.print(`Run "${PROGRAM} help <command>" for its options.`);
}

/** Says what a command does. */
export function printCommandHelp(terminal: Terminal, command: Command): void {
  const bold = (text: string): string => terminal.styled("bold", text);
  terminal.print(`${bold(`${PROGRAM} ${command.name}`)}: ${command.summary}`);
  terminal.print();
  const options = command.options.length > 0 ? " [options]" : "";
  terminal.print(`${bold("Usage:")} ${PROGRAM} ${nameOf(command)}${options}`);
  for (const note of command.notes ?? []) {
    terminal.print();
    terminal.print(wrapped(note));
  }
  if (command.options.length > 0) {
    terminal.print();
    terminal.print(bold("Options:"));
    const width = Math.max(...command.options.map((option) => optionName(option).length));
    for (const option of command.options)
      terminal.print(`  ${optionName(option).padEnd(width)}  ${option.help}`);
  }
  if (command.examples.length > 0) {
    terminal.print();
    terminal.print(bold("Examples:"));
    for (const example of command.examples) terminal.print(`  ${PROGRAM} ${example}`);
  }
}

function nameOf({ name, takes }: Command): string {
  return takes === "" ? name : `${name} ${takes}`;
}

function optionName({ name, value }: CommandOption): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

/** Breaks a text into lines of at most 80 characters. */
export function wrapped(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) as string;
    if (line !== "" && line.length + word.length >= 80) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}
