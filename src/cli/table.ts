import { printable } from "../printable.js";
import type { Style, Terminal } from "./terminal.js";

export type Cell = string | { readonly text: string; readonly style: Style };

/** Prints a table: headings, and rows whose texts are made fit for a terminal. The last column is cut where the line ends. */
export function printTable(
  terminal: Terminal,
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): void {
  const widths = headings.map((heading, column) =>
    rows.reduce((most, row) => Math.max(most, lengthOf(textOf(row[column] ?? ""))), heading.length),
  );
  terminal.print(lineOf(terminal, widths, headings, () => "bold"));
  for (const row of rows) terminal.print(lineOf(terminal, widths, row));
}

/** Prints names with their values below one another. */
export function printPairs(terminal: Terminal, pairs: readonly (readonly [string, Cell])[]): void {
  const width = Math.max(...pairs.map(([name]) => name.length));
  for (const [name, cell] of pairs) {
    const text = textOf(cell);
    terminal.print(`${printable(name).padEnd(width)}  ${shown(terminal, cell, text)}`);
  }
}

function lineOf(
  terminal: Terminal,
  widths: readonly number[],
  row: readonly Cell[],
  style?: () => Style,
): string {
  let left = terminal.width;
  const parts = row.map((cell, column) => {
    const isLast = column === row.length - 1;
    const text = textOf(cell);
    const room = Math.max(9, left);
    const fitting = isLast && lengthOf(text) > room ? `${text.slice(0, room - 1)}…` : text;
    const padding = isLast ? "" : " ".repeat((widths[column] as number) - lengthOf(text) + 2);
    left -= lengthOf(text) + padding.length;
    const whole = shown(terminal, cell, fitting);
    return (style === undefined ? whole : terminal.styled(style(), whole)) + padding;
  });
  return parts.join("").trimEnd();
}

function textOf(cell: Cell): string {
  return printable(typeof cell === "string" ? cell : cell.text);
}

function shown(terminal: Terminal, cell: Cell, text: string): string {
  return typeof cell === "string" ? text : terminal.styled(cell.style, text);
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
