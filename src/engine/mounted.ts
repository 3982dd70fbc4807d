import type { Engine, Middleware, Running } from "./engine.js";

/** An engine as users hold it: a middleware with everything else that can be asked of it. */
export function asMiddleware<Extras extends object>(
  engine: Engine,
  extras: Extras,
): Middleware & Running & Extras {
  const middleware = engine.middleware();
  const running: Running = {
    events: engine.events,
    ready: () => engine.ready(),
    health: () => engine.health(),
    close: () => engine.close(),
  };
  return Object.assign(middleware, running, extras);
}
