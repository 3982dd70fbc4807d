import type { Bunker } from "../bunker/bunker.js";
import { optionsInForce, type OptionsInForce } from "../bunker/options.js";
import type { Context } from "../engine/context.js";
import { engineOf, type Engine } from "../engine/engine.js";
import { openHistory, type History, type OpenHistory } from "../history/index.js";
import { GeoNames } from "./geo-names.js";
import { ZoneLatencies } from "./zone-latencies.js";

/** What a dashboard shows and steers: a guard, and what is recorded for it from now on. */
export class Watched {
  readonly engine: Engine;
  readonly context: Context;
  readonly options: OptionsInForce;
  readonly history: History;
  readonly geo: GeoNames;
  readonly latencies = new ZoneLatencies();
  private readonly opened: OpenHistory;
  private readonly stops: (() => void)[];

  constructor(readonly guard: Bunker) {
    this.engine = engineOf(guard) as Engine;
    this.context = this.engine.context;
    this.options = optionsInForce(guard) as OptionsInForce;
    this.opened = openHistory(this.context);
    this.history = this.opened.history;
    const { antibot } = this.options.setup.common;
    this.geo = new GeoNames(antibot === false ? {} : antibot.geo);
    this.stops = [this.context.meter.add(this.latencies)];
  }

  now(): number {
    return this.context.now();
  }

  async close(): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    await this.opened.close();
  }
}
