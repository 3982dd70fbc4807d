import type { Running } from "../engine/engine.js";
import type { EventBus } from "../events/event-bus.js";
import type { Meter, MeterReader } from "../meter.js";
import { messageOf } from "../errors.js";
import { loadPackage } from "../optional-package.js";
import { packageVersion } from "../version.js";
import { Collector } from "./collector.js";
import { engineFor } from "./guard-engine.js";
import type { OtelApi } from "./otel-api.js";
import { OtelMetrics } from "./otel-metrics.js";
import { OtelSpans } from "./otel-spans.js";

/** Options of {@link openTelemetry}. */
export interface OpenTelemetryOptions {
  /** The module `@opentelemetry/api`. Default: the app's own, which is loaded by this call. */
  api?: object;
  /** Whether metrics are given to the meter provider. Default `true`. */
  metrics?: boolean;
  /** Whether spans are made, and events added to the active span. Default `true`. */
  spans?: boolean;
}

/**
 * Gives metrics and spans to OpenTelemetry, through the package `@opentelemetry/api` of the app. Call it after the app's SDK has
 * started: a meter that was asked for before has no effect. It ends when the guard is closed.
 *
 * @param guard what `bunker()` or another factory of this package has returned
 * @returns a function that ends it
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` if the guard is anything else
 * @throws {Error} `ERR_BUNKER_PACKAGE` if the package is not installed
 * @example openTelemetry(guard);
 */
export function openTelemetry(guard: Running, options: OpenTelemetryOptions = {}): () => void {
  const engine = engineFor(guard, "openTelemetry");
  const { metrics = true, spans = true } = options;
  const api = (options.api ?? loadPackage("@opentelemetry/api", "openTelemetry()")) as OtelApi;
  const { events, meter } = engine.context;
  const stops: (() => void)[] = [];
  if (metrics) {
    const made = new OtelMetrics(
      api.metrics.getMeter("express-bunker", packageVersion()),
      Collector.of(engine),
    );
    stops.push(
      read(meter, made, events),
      events.on("solved", (event) => made.solved(event)),
      () => made.stop(),
    );
  }
  if (spans) {
    const made = new OtelSpans(api);
    stops.push(read(meter, made, events));
    for (const type of ["solved", "failed", "banned", "fault"] as const)
      stops.push(events.on(type, (event) => made.happened(event)));
  }
  const stop = (): void => {
    for (const one of stops.splice(0)) one();
  };
  engine.context.onClose(stop);
  return stop;
}

/** Has `reader` read the meter; what it throws, which would reach a request, is a warning. */
function read(meter: Meter, reader: MeterReader, events: EventBus): () => void {
  const safely = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      events.warn("WRN_BUNKER_LISTENER", `OpenTelemetry threw: ${messageOf(error)}`);
    }
  };
  return meter.add({
    took: (work, label, ms, waited) => safely(() => reader.took?.(work, label, ms, waited)),
    refused: (type, about, place, request) => safely(() => reader.refused?.(type, about, place, request)),
  });
}
