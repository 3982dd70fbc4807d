import { engineOf, type Engine, type Running } from "../engine/engine.js";
import { BunkerOptionsError } from "../errors.js";

/**
 * Returns the engine of a guard.
 *
 * @param call the function that the guard was passed to, for the message
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` if it is not what a factory of this package has returned
 */
export function engineFor(guard: Running, call: string): Engine {
  // Callers in JavaScript may pass anything.
  const value: unknown = guard;
  const engine = typeof value === "function" ? engineOf(value) : undefined;
  if (engine !== undefined) return engine;
  throw new BunkerOptionsError([
    {
      path: `${call}(guard)`,
      value,
      allowed: "what bunker(), antibot(), badBehavior(), dnsbl(), bunkernet() or streamGuard() has returned",
    },
  ]);
}
