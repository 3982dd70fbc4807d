import type { Command } from "./command.js";
import type { Terminal } from "./terminal.js";

export const PROGRAM = "express-bunker";

export function printHelp(terminal: Terminal, commands: readonly Command[]): void {
  const bold = (text: string): string => terminal.styled("bold", text);
  terminal.print(`${bold(PROGRAM)}: lists, adds and lifts bans, and explains what the protections do

${bold("Usage:")} ${PROGRAM} <command> [options]

${bold("Commands:")}
${columns(commands.map((command) => [nameOf(command), command.summary]))}

${wrapped("Commands act on a running app, through the socket of its guard.control(), or on the Redis that apps share.")}

${bold("Exit codes:")}
  0  all is well, or the answer is yes
  1  a problem was found, or the answer is no
  2  the command line is wrong
  3  the app, Redis or a server could not be reached

Run "${PROGRAM} help <command>" for its options.`);
}

export function printCommandHelp(terminal: Terminal, command: Command): void {
  const { name, summary, options, notes = [], examples } = command;
  const bold = (text: string): string => terminal.styled("bold", text);
  const usage = `${bold("Usage:")} ${PROGRAM} ${nameOf(command)}${options.length > 0 ? " [options]" : ""}`;
  const parts = [`${bold(`${PROGRAM} ${name}`)}: ${summary}`, usage, ...notes.map(wrapped)];
  if (options.length > 0) {
    const rows = options.map(({ name: option, value, help }) => [
      value === undefined ? `--${option}` : `--${option} ${value}`,
      help,
    ]);
    parts.push(`${bold("Options:")}\n${columns(rows)}`);
  }
  if (examples.length > 0)
    parts.push([bold("Examples:"), ...examples.map((example) => `  ${PROGRAM} ${example}`)].join("\n"));
  terminal.print(parts.join("\n\n"));
}

function columns(rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  return rows.map(([name = "", text = ""]) => `  ${name.padEnd(width)}  ${text}`).join("\n");
}

function nameOf({ name, takes }: Command): string {
  return takes === "" ? name : `${name} ${takes}`;
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
