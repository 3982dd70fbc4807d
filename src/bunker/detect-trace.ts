import type { Engine } from "../engine/engine.js";
import { explain, type Explanation } from "../engine/explain.js";
import { type BunkerEvent, type Logger } from "../events/event-bus.js";
import { requestOrigin } from "../request/event-origin.js";

/** More traces than this are not made at once: the lines of the event log say the essential. */
const MAX_TRACES = 16;

/**
 * In `detect` mode, writes beside the line of each would-be refusal what every protection had to say. The answer stops it.
 */
export function traceDetected(engine: Engine, logger: Logger): () => void {
  let making = 0;
  const trace = (event: BunkerEvent): void => {
    const origin = requestOrigin(event);
    if (event.mode !== "detect" || origin === undefined || making >= MAX_TRACES) return;
    making++;
    explain(engine, origin.request.raw)
      .then((explanation) => logger.info(`express-bunker: why ${event.id}`, stepsOf(explanation)))
      // The request is over either way, and the line that matters has been written.
      .catch(() => undefined)
      .finally(() => making--);
  };
  const stops = (["denied", "challenged"] as const).map((type) => engine.events.on(type, trace));
  return () => {
    for (const stop of stops) stop();
  };
}

// Everything the client wrote goes through JSON, so that no control character reaches the log.
function stepsOf({ steps }: Explanation): string {
  return JSON.stringify(
    steps
      .filter(({ reached }) => reached)
      .map(({ protection, verdict, reason }) => `${protection}: ${verdict}, ${reason}`),
  );
}
