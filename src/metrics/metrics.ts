import type { IncomingMessage, ServerResponse } from "node:http";
import type { Running } from "../engine/engine.js";
import { Collector } from "./collector.js";
import { engineFor } from "./guard-engine.js";
import { formatFor } from "./negotiate-format.js";
import { respondWith } from "./respond.js";
import { CONTENT_TYPES, textOf } from "./text-format.js";

/** A request handler for one path; it needs no `next`. */
export type OperatorHandler = (req: IncomingMessage, res: ServerResponse) => void;

/**
 * Returns a handler that writes the metrics of every middleware on the guard's store, in Prometheus' text format or, if the
 * `Accept` header prefers it, as OpenMetrics. Counting begins with this call and ends when the guard is closed. There are at most 2000
 * series, and none has an address or a path. The handler lets everybody in: mount it where only operators reach it.
 *
 * @param guard what `bunker()` or another factory of this package has returned
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` if it is anything else
 * @example app.get("/metrics", metrics(guard)); // before app.use(guard)
 */
export function metrics(guard: Running): OperatorHandler {
  const collector = Collector.of(engineFor(guard, "metrics"));
  return (req, res) => {
    const format = formatFor(req.headers.accept);
    respondWith(req, res, async () => ({
      status: 200,
      type: CONTENT_TYPES[format],
      body: textOf(await collector.collect(), format),
    }));
  };
}
