import type { Running } from "../engine/engine.js";
import { Collector } from "./collector.js";
import { describe, FAMILIES, PREFIX, type FamilyName } from "./families.js";
import { engineFor } from "./guard-engine.js";

/** The registry of a Prometheus client: `Registry` of prom-client or of `@prometheus-io/client`. */
export interface MetricsRegistry {
  registerMetric(metric: never): void;
  removeSingleMetric?(name: string): void;
}

/** One value, as the clients' registries expect it. */
interface BridgedValue {
  readonly labels: Record<string, string | number>;
  readonly value: number;
  readonly metricName?: string;
}

/** A metric as the clients' registries use theirs. */
class BridgedMetric {
  /** A registry that writes OpenMetrics takes `_total` off the names of counters. */
  name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
  readonly aggregator: string;

  constructor(
    private readonly family: FamilyName,
    private readonly collector: Collector,
  ) {
    const { help, type, labels, aggregator = "sum" } = describe(family);
    this.name = PREFIX + family;
    this.help = help;
    this.type = type;
    this.labelNames = labels;
    this.aggregator = aggregator;
  }

  async get(): Promise<object> {
    const { family, name, help, type, aggregator } = this;
    const families = await this.collector.collect();
    const samples = families.find((one) => one.name === family)?.samples ?? [];
    const values = samples.map(({ labels, value, suffix }): BridgedValue => {
      // New objects each time: registries add their default labels to them.
      if (suffix === undefined) return { labels: { ...labels }, value };
      const { le } = labels;
      const bound: Record<string, number> = le === undefined || le === "+Inf" ? {} : { le: Number(le) };
      return { labels: { ...labels, ...bound }, value, metricName: `${name}${suffix}` };
    });
    return { name, help, type, values, aggregator };
  }

  /** Has no effect: the counts are those of the guard. */
  reset(): void {
    return undefined;
  }
}

/**
 * Adds the metrics of {@link metrics} to the registry of prom-client or `@prometheus-io/client`, for apps that have a metrics page of
 * their own.
 *
 * @param guard what `bunker()` or another factory of this package has returned
 * @returns a function that removes them
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` if the guard is anything else
 * @throws {Error} what the registry throws if it has a metric of such a name already
 * @example register(guard, client.register);
 */
export function register(guard: Running, registry: MetricsRegistry): () => void {
  const collector = Collector.of(engineFor(guard, "register"));
  const names = Object.keys(FAMILIES) as FamilyName[];
  const bridged = names.map((name) => new BridgedMetric(name, collector));
  for (const metric of bridged) registry.registerMetric(metric as never);
  return () => {
    for (const name of names) registry.removeSingleMetric?.(PREFIX + name);
  };
}
