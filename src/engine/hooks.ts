import { BunkerHookError } from "../errors.js";
import { isThenable } from "../awaitable.js";

/** Calls a hook that must answer `true` or `false` at once; throws what it throws, and when it answers a promise (R11). */
export function askHook(name: string, hook: (request: never) => unknown, request: unknown): boolean {
  const answer = hook(request as never);
  if (isThenable(answer)) {
    // Nobody will wait for it, so nobody may be told that it failed either.
    answer.then(undefined, () => undefined);
    throw new BunkerHookError(name, "answered a promise; it must answer true or false at once");
  }
  return Boolean(answer);
}
