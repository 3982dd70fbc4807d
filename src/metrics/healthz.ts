import type { Engine, Running } from "../engine/engine.js";
import { messageOf } from "../errors.js";
import { withTimeout } from "../with-timeout.js";
import { engineFor } from "./guard-engine.js";
import type { OperatorHandler } from "./metrics.js";
import { respondWith } from "./respond.js";

/** How long a probe waits for `ready()`, in ms. */
const PROBE_WAIT_MS = 500;

/**
 * Returns a handler for the probes of a balancer or an orchestrator: 503 before `ready()` has resolved and after `close()`, and
 * 200 otherwise, even while a part is degraded: then requests are still judged by the others. The body is JSON with `status`
 * (`starting`, `ok`, `degraded` or `closed`) and `degraded`, the problems of each degraded part in words. The first probe calls `ready()`
 * if the app has not; a call that failed is made again with the next probe.
 *
 * @param guard what `bunker()` or another factory of this package has returned
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` if it is anything else
 * @example app.get("/healthz", healthz(guard)); // before app.use(guard)
 */
export function healthz(guard: Running): OperatorHandler {
  const engine = engineFor(guard, "healthz");
  const readiness = new Readiness(engine);
  return (req, res) =>
    respondWith(req, res, async () => {
      if (engine.phase === "starting") await readiness.wait();
      const { status, degraded } = stateOf(engine, readiness.problem);
      const isUp = status === "ok" || status === "degraded";
      return {
        status: isUp ? 200 : 503,
        type: "application/json",
        body: `${JSON.stringify({ status, degraded })}\n`,
      };
    });
}

/** Calls `ready()` for probes, one call at a time. */
class Readiness {
  /** Why the last call failed. */
  problem: string | undefined;
  private pending: Promise<void> | undefined;

  constructor(private readonly engine: Engine) {}

  /** Waits a moment. Never rejects. */
  async wait(): Promise<void> {
    this.pending ??= this.engine
      .ready()
      .then(
        () => (this.problem = undefined),
        (error: unknown) => (this.problem = messageOf(error)),
      )
      .then(() => (this.pending = undefined));
    await withTimeout(this.pending, PROBE_WAIT_MS, () => undefined);
  }
}

interface State {
  readonly status: "starting" | "ok" | "degraded" | "closed";
  readonly degraded: Readonly<Record<string, readonly string[]>>;
}

function stateOf(engine: Engine, problem: string | undefined): State {
  const { ok, protections } = engine.health();
  const degraded = Object.fromEntries(
    Object.entries(protections).flatMap(([part, { ok: works, problems }]) =>
      works ? [] : [[part, problems]],
    ),
  );
  if (engine.phase === "closed") return { status: "closed", degraded };
  if (engine.phase === "starting")
    return {
      status: "starting",
      degraded: problem === undefined ? degraded : { ...degraded, ready: [problem] },
    };
  return { status: ok ? "ok" : "degraded", degraded };
}
