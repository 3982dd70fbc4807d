import type { BunkerEvent } from "../events/event-bus.js";
import type { MeteredPlace, MeterReader, Refusal, TimedWork } from "../meter.js";
import { packageVersion } from "../version.js";
import { SPAN_KIND, type OtelApi, type OtelAttributes, type OtelTracer } from "./otel-api.js";

/** The attribute that says which work of its kind a span is about. */
const ATTRIBUTES: Readonly<Record<TimedWork, string>> = {
  decision: "express_bunker.verdict",
  dns: "express_bunker.zone",
  vendor: "express_bunker.vendor",
  store: "express_bunker.operation",
};

/**
 * Makes spans of what a request waited for (its decision, DNS, vendors, the store), as children of the span that is active; and adds an
 * event to that span for each refusal, challenge, solution and ban. Decisions that take no waiting make no span. Nothing has an
 * address or a path in it.
 */
export class OtelSpans implements MeterReader {
  private readonly tracer: OtelTracer;

  constructor(private readonly api: OtelApi) {
    this.tracer = api.trace.getTracer("express-bunker", packageVersion());
  }

  took(work: TimedWork, label: string, ms: number, waited: boolean): void {
    if (!waited) return;
    const end = Date.now();
    const kind = work === "decision" ? SPAN_KIND.internal : SPAN_KIND.client;
    const options = { kind, startTime: end - ms, attributes: { [ATTRIBUTES[work]]: label } };
    this.tracer.startSpan(`express-bunker ${work}`, options, this.api.context.active()).end(end);
  }

  refused(
    type: "denied" | "challenged",
    { protection, reason }: Refusal,
    { service, mode }: MeteredPlace,
  ): void {
    this.addEvent(type, { protection, reason, service, mode });
  }

  /** Adds an event of the event bus to the active span. */
  happened({ type, protection, reason, service, mode }: BunkerEvent): void {
    this.addEvent(type, { protection, reason, service, mode });
  }

  private addEvent(type: string, about: Readonly<Record<string, string>>): void {
    const span = this.api.trace.getActiveSpan?.();
    if (span === undefined) return;
    const attributes: OtelAttributes = Object.fromEntries(
      Object.entries(about).map(([name, value]) => [`express_bunker.${name}`, value]),
    );
    span.addEvent(`express_bunker.${type}`, attributes);
  }
}
