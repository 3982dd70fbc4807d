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

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a command could not do, in words for the person who called it. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT.problem,
  ) {
    super(message);
    this.name = "CliError";
  }
}

/** A command line that is wrong. */
export class UsageError extends CliError {
  constructor(
    message: string,
    /** The command whose help says more. */
    readonly command?: string,
  ) {
    super(message, EXIT.usage);
    this.name = "UsageError";
  }
}
