import type { Engine } from "../engine/engine.js";
import { explain, type Explanation } from "../engine/explain.js";
import type { BunkerEvent } from "../events/event-bus.js";
import type { Log } from "../log/log.js";
import { LogLimit, REQUESTS } from "../log/log-limit.js";
import { requestOrigin } from "../request/event-origin.js";

/** The maximum number of concurrent traces; the event log has the essentials of the others. */
const MAX_TRACES = 16;

/**
 * In `detect` mode, logs the verdict of every protection for would-be refusals, within the limits of the event log. The returned
 * function stops this.
 */
export function traceDetected(engine: Engine, log: Log): () => void {
  let making = 0;
  // The event log counts what is left out.
  const limit = new LogLimit(() => undefined);
  const trace = (event: BunkerEvent): void => {
    const origin = requestOrigin(event);
    if (event.mode !== "detect" || origin === undefined || making >= MAX_TRACES) return;
    if (limit.admit(event.type, event.ip, REQUESTS, event.time.getTime()) === undefined) return;
    making++;
    explain(engine, origin.request.raw)
      .then((explanation) => log.info("explained", `why ${event.id}`, fieldsOf(event, explanation)))
      // A failed explanation is dropped: the event itself has been logged.
      .catch(() => undefined)
      .finally(() => making--);
  };
  const stops = (["denied", "challenged"] as const).map((type) => engine.events.onBrief(type, trace));
  return () => {
    for (const stop of stops) stop();
    limit.flush();
  };
}

function fieldsOf({ id, ip }: BunkerEvent, { steps }: Explanation) {
  return {
    id,
    ip,
    steps: steps
      .filter(({ reached }) => reached)
      .map(({ protection, verdict, reason }) => `${protection}: ${verdict}, ${reason}`),
  };
}
