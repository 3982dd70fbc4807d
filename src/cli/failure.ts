import { ControlUnreachable } from "../control/ask-control.js";
import { messageOf } from "../errors.js";
import { CliError, EXIT, type ExitCode } from "./exit-code.js";

const UNREACHABLE = new Set(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "ERR_BUNKER_STORE"]);
const USAGE = new Set(["ERR_BUNKER_BAN_ADDRESS", "request"]);

type NetworkError = NodeJS.ErrnoException & { readonly address?: string; readonly port?: number };

/** The report of an error, without a stack trace, and the exit code. */
export function failureOf(error: unknown): { readonly message: string; readonly exitCode: ExitCode } {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode };
  const message = withoutCode(messageOf(error));
  const { code = "", syscall, address, port } = error as NetworkError;
  if (code === "EADDRINUSE")
    return { message: `port ${port} is taken; choose another one with --port`, exitCode: EXIT.problem };
  if (syscall === "listen")
    return { message: `cannot listen on ${address}:${port}: ${message}`, exitCode: EXIT.problem };
  if (error instanceof ControlUnreachable || UNREACHABLE.has(code))
    return { message, exitCode: EXIT.unreachable };
  return { message, exitCode: USAGE.has(code) ? EXIT.usage : EXIT.problem };
}

// The command line prints its own hints, and `force: true` is spelt --force here.
function withoutCode(message: string): string {
  return message
    .replace(/^ERR_BUNKER_[A-Z_]+: /, "")
    .replace(/\s\(npx express-bunker error \w+\)/g, "")
    .replace("pass force: true if you mean it", "--force bans it all the same");
}
