import type { BunkerEvent } from "../events/event-bus.js";
import type { MeterReader, TimedWork } from "../meter.js";
import type { Collector } from "./collector.js";
import { describe, FAMILIES, type FamilyName } from "./families.js";
import { HISTOGRAMS, histogramLimits, type HistogramName } from "./histogram.js";
import type { OtelBatchCallback, OtelHistogram, OtelMeter } from "./otel-api.js";

/** Gives the metrics of a collector to a meter of OpenTelemetry: counters and gauges when it asks, durations as they come. */
export class OtelMetrics implements MeterReader {
  private readonly histograms = new Map<HistogramName, OtelHistogram>();
  private readonly limits = histogramLimits();
  private readonly observables = new Map<FamilyName, object>();
  private readonly callback: OtelBatchCallback;

  constructor(
    private readonly meter: OtelMeter,
    collector: Collector,
  ) {
    for (const name of Object.keys(FAMILIES) as FamilyName[]) this.addObservable(name);
    for (const name of Object.keys(HISTOGRAMS) as HistogramName[]) {
      const { family, bounds } = HISTOGRAMS[name];
      const advice = { explicitBucketBoundaries: [...bounds] };
      this.histograms.set(name, meter.createHistogram(nameOf(family), { ...optionsOf(family), advice }));
    }
    this.callback = async (result) => {
      for (const { name, samples } of await collector.collect()) {
        const instrument = this.observables.get(name);
        if (instrument === undefined) continue;
        for (const { labels, value } of samples) result.observe(instrument, value, labels);
      }
    };
    meter.addBatchObservableCallback(this.callback, [...this.observables.values()]);
  }

  took(work: TimedWork, label: string, ms: number): void {
    this.record(work, label, ms / 1000);
  }

  /** Records how long a solved challenge took. */
  solved({ data }: BunkerEvent): void {
    const { kind, seconds } = (data ?? {}) as { readonly kind?: unknown; readonly seconds?: unknown };
    if (typeof kind === "string" && typeof seconds === "number") this.record("solve", kind, seconds);
  }

  /** Has the meter ask no more. */
  stop(): void {
    this.meter.removeBatchObservableCallback(this.callback, [...this.observables.values()]);
  }

  private record(name: HistogramName, label: string, seconds: number): void {
    const key = describe(HISTOGRAMS[name].family).labels[0] ?? "";
    this.histograms.get(name)?.record(seconds, { [key]: this.limits[name].of(label) });
  }

  private addObservable(name: FamilyName): void {
    const { type } = describe(name);
    // The version is that of the instrumentation scope.
    if (type === "histogram" || name === "info") return;
    const options = optionsOf(name);
    const instrument =
      type === "counter"
        ? this.meter.createObservableCounter(nameOf(name), options)
        : this.meter.createObservableGauge(nameOf(name), options);
    this.observables.set(name, instrument);
  }
}

// Exporters to Prometheus add the ending for the unit and for counters, so that the names are the same there.
function nameOf(name: FamilyName): string {
  return `express_bunker.${name.replace(/_(?:total|seconds|ratio)$/, "")}`;
}

function optionsOf(name: FamilyName): { description: string; unit: string } {
  const unit = name.endsWith("_seconds") ? "s" : name.endsWith("_ratio") ? "1" : "";
  return { description: describe(name).help, unit };
}
