import { BunkerBanError, BunkerOptionsError, StoreFailure } from "../errors.js";
import { StoreFullError } from "../store/store.js";
import type { ApiProblem } from "./api.js";

/** A call of the API that cannot be carried out. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** The field of the request that is wrong. */
    readonly field?: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** Returns the status and the body for an error. What nobody has foreseen is not told. */
export function problemOf(error: unknown): { readonly status: number; readonly body: ApiProblem } {
  const { status, code, message, field } = known(error);
  return { status, body: { error: { code, message, ...(field === undefined ? {} : { field }) } } };
}

function known(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof BunkerBanError)
    return new ApiError(error.code === "ERR_BUNKER_BAN_WIDE" ? 409 : 400, error.code, told(error), "address");
  if (error instanceof BunkerOptionsError) {
    const [problem] = error.problems;
    return new ApiError(400, error.code, told(error), problem?.path);
  }
  if (error instanceof StoreFullError) return new ApiError(507, error.code, told(error));
  if (error instanceof StoreFailure) return new ApiError(503, error.code, told(error));
  return new ApiError(500, "unavailable", "that did not work; the log of the app may say why");
}

// Without the hint on how to learn more in a terminal.
function told({ message }: Error): string {
  return message.replace(/ ?\(npx express-bunker error \w+\)/g, "");
}
