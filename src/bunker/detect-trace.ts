import type { Engine } from "../engine/engine.js";
import { explain, type Explanation } from "../engine/explain.js";
import { type BunkerEvent, type Logger } from "../events/event-bus.js";
import { printableJson } from "../printable.js";
import { requestOrigin } from "../request/event-origin.js";

/** The maximum number of concurrent traces; the event log has the essentials of the others. */
const MAX_TRACES = 16;

/**
 * In `detect` mode, logs the verdict of every protection for each would-be refusal. The returned function stops this.
 */
export function traceDetected(engine: Engine, logger: Logger): () => void {
  let making = 0;
  const trace = (event: BunkerEvent): void => {
    const origin = requestOrigin(event);
    if (event.mode !== "detect" || origin === undefined || making >= MAX_TRACES) return;
    making++;
    explain(engine, origin.request.raw)
      .then((explanation) => logger.info(`express-bunker: why ${event.id}`, stepsOf(explanation)))
      // A failed explanation is dropped: the event itself has been logged.
      .catch(() => undefined)
      .finally(() => making--);
  };
  const stops = (["denied", "challenged"] as const).map((type) => engine.events.on(type, trace));
  return () => {
    for (const stop of stops) stop();
  };
}

function stepsOf({ steps }: Explanation): string {
  return printableJson(
    steps
      .filter(({ reached }) => reached)
      .map(({ protection, verdict, reason }) => `${protection}: ${verdict}, ${reason}`),
  );
}
