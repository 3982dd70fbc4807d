import { BanIndex } from "../bans/ban-index.js";
import { Engines, type Engine } from "../engine/engine.js";
import { EventBus, type BunkerEventType } from "../events/event-bus.js";
import { Meter } from "../meter.js";
import type { StoreScope } from "../store/store-scope.js";
import { packageVersion } from "../version.js";
import { Counters } from "./counters.js";
import { describe, FAMILIES, type Family, type FamilyName, type Sample } from "./families.js";
import { Measurements } from "./measurements.js";

/** The events that are counted as they are emitted. */
const COUNTED: readonly BunkerEventType[] = ["banned", "unbanned", "solved", "failed", "fault"];

/** The most series of a gauge with configured names as labels. */
const MAX_FIGURES = 40;

/**
 * Collects the metrics of all middlewares on one store: counts while any of the engines that use it lives, and asks for gauges when it
 * is read.
 */
export class Collector {
  private readonly measurements = new Measurements();
  private readonly using = new Set<Engine>();
  private stops: (() => void)[] = [];
  private collecting: Promise<readonly Family[]> | undefined;

  constructor(private readonly scope: StoreScope) {}

  /** Returns the one collector of an engine's store, and has it count until the engine is closed. */
  static of(engine: Engine): Collector {
    const collector = engine.context.scope.get(Collector);
    collector.use(engine);
    return collector;
  }

  /** Returns all metrics, in the order of {@link FAMILIES}. Readers at the same time share one collection. */
  collect(): Promise<readonly Family[]> {
    return (this.collecting ??= this.gather().finally(() => (this.collecting = undefined)));
  }

  private use(engine: Engine): void {
    if (engine.phase === "closed" || this.using.has(engine)) return;
    this.using.add(engine);
    if (this.using.size === 1) this.start();
    engine.context.onClose(() => {
      this.using.delete(engine);
      if (this.using.size === 0) for (const stop of this.stops.splice(0)) stop();
    });
  }

  private start(): void {
    const { measurements, scope } = this;
    const events = scope.get(EventBus);
    this.stops = COUNTED.map((type) => events.on(type, (event) => measurements.count(event)));
    this.stops.push(scope.get(Meter).add(measurements));
  }

  private async gather(): Promise<readonly Family[]> {
    const bans = this.scope.get(BanIndex);
    const active = await bans.countInForce();
    const families = new Map<FamilyName, Family>();
    const all: Family[] = [
      { name: "info", samples: [{ labels: { version: packageVersion() }, value: 1 }] },
      ...this.measurements.families(bans.now()),
      { name: "bans_active", samples: [{ labels: {}, value: active }] },
      { name: "warnings_active", samples: warningsBy(this.scope.get(EventBus)) },
      ...gaugesOf([...this.scope.get(Engines).all]),
    ];
    for (const family of all) families.set(family.name, family);
    return (Object.keys(FAMILIES) as FamilyName[]).map((name) => families.get(name) ?? { name, samples: [] });
  }
}

function warningsBy({ activeWarnings }: EventBus): Sample[] {
  return ["alarm", "notice"].map((name) => ({
    labels: { level: name },
    value: activeWarnings.filter(({ level }) => level === name).length,
  }));
}

/** The figures and the health of all engines; those of the same name are added up. */
function gaugesOf(engines: readonly Engine[]): Family[] {
  const gauges = new Map<FamilyName, Counters>();
  const of = (name: FamilyName): Counters => {
    let gauge = gauges.get(name);
    if (gauge === undefined) gauges.set(name, (gauge = new Counters(describe(name).labels, MAX_FIGURES)));
    return gauge;
  };
  const write = (name: FamilyName, labels: readonly string[], value: number): void => {
    if (describe(name).aggregator === undefined) of(name).add(labels, value);
    else of(name).raise(labels, value);
  };
  for (const engine of engines) {
    for (const { name, labels, value } of engine.figures())
      write(
        name,
        describe(name).labels.map((label) => labels[label] ?? ""),
        value,
      );
    const { protections, mode } = engine.health();
    write("detect_mode", [], mode === "detect" ? 1 : 0);
    for (const [part, { ok }] of Object.entries(protections)) write("degraded", [part], ok ? 0 : 1);
  }
  const [first] = engines;
  const pending: unknown = (first?.context.options.store as { readonly pendingWrites?: unknown } | undefined)
    ?.pendingWrites;
  if (typeof pending === "number") write("queue_length", ["store_writes"], pending);
  const ratios = ratiosOf(of("cache_hits_total"), of("cache_misses_total"));
  return [...[...gauges].map(([name, { samples }]) => ({ name, samples })), ratios];
}

/** The share of hits, by cache. Unknown without look-ups. */
function ratiosOf(hits: Counters, misses: Counters): Family {
  const missed = new Map(misses.samples.map(({ labels, value }) => [labels["cache"], value]));
  const samples = hits.samples.flatMap(({ labels, value }) => {
    const total = value + (missed.get(labels["cache"]) ?? 0);
    return total === 0 ? [] : [{ labels, value: value / total }];
  });
  return { name: "cache_hit_ratio", samples };
}
