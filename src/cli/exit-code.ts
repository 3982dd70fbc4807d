/** How the program ends, for scripts. */
export const EXIT = {
  /** All is well, or the answer is yes. */
  ok: 0,
  /** A problem was found, or the answer is no. */
  problem: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The app, Redis or a server could not be reached. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command failed; the message is for the person at the terminal. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT.problem,
  ) {
    super(message);
    this.name = "CliError";
  }
}

export class UsageError extends CliError {
  constructor(message: string) {
    super(message, EXIT.usage);
    this.name = "UsageError";
  }
}
