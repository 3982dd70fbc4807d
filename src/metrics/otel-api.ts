/** The part of `@opentelemetry/api` that is used here: our declarations must not import those of an optional package. */
export interface OtelApi {
  readonly metrics: { getMeter(name: string, version?: string): OtelMeter };
  readonly trace: {
    getTracer(name: string, version?: string): OtelTracer;
    getActiveSpan?(): OtelSpan | undefined;
  };
  readonly context: { active(): object };
}

export type OtelAttributes = Readonly<Record<string, string>>;

interface OtelSpan {
  addEvent(name: string, attributes?: OtelAttributes): unknown;
  end(time?: number): void;
}

export interface OtelTracer {
  startSpan(
    name: string,
    options: { readonly kind: number; readonly startTime: number; readonly attributes: OtelAttributes },
    context: object,
  ): OtelSpan;
}

export interface OtelHistogram {
  record(value: number, attributes?: OtelAttributes): void;
}

export type OtelBatchCallback = (result: {
  observe(instrument: object, value: number, attributes?: OtelAttributes): void;
}) => Promise<void>;

interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
  readonly advice?: { readonly explicitBucketBoundaries: number[] };
}

export interface OtelMeter {
  createHistogram(name: string, options: InstrumentOptions): OtelHistogram;
  createObservableCounter(name: string, options: InstrumentOptions): object;
  createObservableGauge(name: string, options: InstrumentOptions): object;
  addBatchObservableCallback(callback: OtelBatchCallback, observables: object[]): void;
  removeBatchObservableCallback(callback: OtelBatchCallback, observables: object[]): void;
}

/** OpenTelemetry's numbers for kinds of spans. */
export const SPAN_KIND = { internal: 0, client: 2 } as const;
