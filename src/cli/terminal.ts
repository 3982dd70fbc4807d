import type { WriteStream } from "node:tty";
import { printableJson } from "../printable.js";

type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns">>;

const STYLES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const;

export type Style = keyof typeof STYLES;

/** Where a command writes: results to one stream, everything else to the other. */
export class Terminal {
  /** Whether results are read by a person, and not by a file or a pipe. */
  readonly isInteractive: boolean;
  private readonly coloured: boolean;
  private readonly showsProgress: boolean;
  private progressShown = false;
  private lastProgress = 0;

  constructor(
    private readonly out: Output,
    private readonly err: Output,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.isInteractive = out.isTTY === true;
    this.coloured = this.isInteractive && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
    this.showsProgress = err.isTTY === true && env["TERM"] !== "dumb";
  }

  /** How many characters a line has; Infinity where nobody looks. Terminals that do not know, as in containers, say 0. */
  get width(): number {
    return this.isInteractive ? this.out.columns || 80 : Infinity;
  }

  print(line = ""): void {
    this.clearProgress();
    this.out.write(`${line}\n`);
  }

  printJson(value: unknown): void {
    this.print(printableJson(value, 2));
  }

  /** Writes a line that is no part of the result. */
  note(line: string): void {
    this.clearProgress();
    this.err.write(`${line}\n`);
  }

  /** Shows how far long work is; only on a terminal, a few times a second. */
  progress(line: () => string): void {
    const now = Date.now();
    if (!this.showsProgress || now - this.lastProgress < 100) return;
    this.lastProgress = now;
    this.progressShown = true;
    this.err.write(`\r\u001b[K${line().slice(0, (this.err.columns || 80) - 1)}`);
  }

  clearProgress(): void {
    if (!this.progressShown) return;
    this.progressShown = false;
    this.err.write("\r\u001b[K");
  }

  /** A text in a style, on terminals that show colours. */
  styled(style: Style, text: string): string {
    if (!this.coloured) return text;
    const [on, off] = STYLES[style];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  }
}
