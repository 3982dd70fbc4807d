import { ControlRefusal, ControlUnreachable } from "../control/ask-control.js";
import { BunkerBanError, BunkerOptionsError, messageOf, StoreFailure } from "../errors.js";
import { BunkerSettingsError } from "../settings/settings-error.js";
import { CliError, EXIT, type ExitCode } from "./exit-code.js";

/** What is said of something that went wrong, and how the program ends. */
export interface CommandFailure {
  readonly message: string;
  readonly exitCode: ExitCode;
}

/** Whatever was thrown, for people: one report, never a stack trace. */
export function failureOf(error: unknown): CommandFailure {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof ControlUnreachable) return { message: error.message, exitCode: EXIT.unreachable };
  if (error instanceof StoreFailure)
    return { message: withoutCode(error.message), exitCode: EXIT.unreachable };
  if (error instanceof ControlRefusal) {
    const exitCode = error.code === "ERR_BUNKER_STORE" ? EXIT.unreachable : codeOf(error.code);
    return { message: withoutCode(error.message), exitCode };
  }
  if (error instanceof BunkerBanError)
    return { message: withoutCode(error.message), exitCode: codeOf(error.code) };
  if (error instanceof BunkerSettingsError || error instanceof BunkerOptionsError)
    return { message: withoutCode(error.message), exitCode: EXIT.problem };
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (code === "EADDRINUSE")
    return { message: `port ${port} is taken; choose another one with --port`, exitCode: EXIT.problem };
  if (syscall === "listen")
    return { message: `cannot listen on ${address}:${port}: ${messageOf(error)}`, exitCode: EXIT.problem };
  const unreachable = ["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT"].includes(String(code));
  return {
    message: withoutCode(messageOf(error)),
    exitCode: unreachable ? EXIT.unreachable : EXIT.problem,
  };
}

function codeOf(code: string): ExitCode {
  return code === "ERR_BUNKER_BAN_ADDRESS" || code === "request" ? EXIT.usage : EXIT.problem;
}

// The command line prints its own hints, and `force: true` is spelt --force here.
function withoutCode(message: string): string {
  return message
    .replace(/^ERR_BUNKER_[A-Z_]+: /, "")
    .replace(/\s\(npx express-bunker error \w+\)/g, "")
    .replace("pass force: true if you mean it", "--force bans it all the same");
}
