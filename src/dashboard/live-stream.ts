import type { IncomingMessage, ServerResponse } from "node:http";
import type { BunkerEventType } from "../events/event-bus.js";
import type { MeterReader, RequestOutcome } from "../meter.js";
import type { EventRow, LiveSample } from "./api.js";
import { modeState } from "./reports/mode.js";
import { warningsOf } from "./reports/warnings.js";
import type { Watched } from "./watched.js";

/** The number of pages that may watch at once. */
const MAX_VIEWERS = 20;
const SAMPLE_MS = 1000;
/** How often counts are taken that take longer, in samples. */
const SLOW_EVERY = 2;
const BANS_EVERY = 5;
/** After this a viewer has to connect again, which asks whether it still may, in ms. */
const MAX_VIEW_MS = 3_600_000;
/** A viewer that takes nothing for so long is given up, in ms: its place may be wanted. */
const MAX_STALL_MS = 60_000;
const MAX_EVENTS = 10;
/** How far back new events are looked for: what was done to clients is told before what is frequent. */
const MAX_LOOKED_AT = 200;
const FREQUENT: ReadonlySet<EventRow["type"]> = new Set<EventRow["type"]>(["challenged", "denied", "failed"]);

interface Viewer {
  readonly res: ServerResponse;
  readonly until: number;
  dropped: number;
  /** Since when the connection has not taken the last sample, in ms; `undefined` = it takes more. */
  fullSince: number | undefined;
}

/** Counts the requests and verdicts of this instance since it was read last. */
class Tally implements MeterReader {
  requests = 0;
  denied = 0;
  challenged = 0;
  solved = 0;

  requested(_outcome: RequestOutcome, _service: string, _mode: string, isFirst: boolean): void {
    if (isFirst) this.requests++;
  }

  refused(type: "denied" | "challenged"): void {
    this[type]++;
  }

  /** Returns the counts, and begins anew. */
  take(): Pick<LiveSample, "requests" | "denied" | "challenged" | "solved"> {
    const { requests, denied, challenged, solved } = this;
    this.requests = this.denied = this.challenged = this.solved = 0;
    return { requests, denied, challenged, solved };
  }
}

/**
 * Sends one sample a second to the pages that watch (server-sent events). While nobody watches, it costs nothing. A viewer that is too
 * slow misses samples; they never pile up.
 */
export class LiveStream {
  private readonly viewers = new Set<Viewer>();
  private timer: NodeJS.Timeout | undefined;
  private stops: (() => void)[] = [];
  private readonly tally = new Tally();
  private number = 0;
  private bans = 0;
  private minute: LiveSample["minute"];
  private events: readonly EventRow[] = [];
  private seen = new Set<string>();
  private isSampling = false;
  private isClosed = false;

  constructor(private readonly watched: Watched) {}

  /** Responds with the stream. */
  add(req: IncomingMessage, res: ServerResponse): void {
    res.writeHead(200, {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store, no-transform",
      // nginx would hold samples back.
      "X-Accel-Buffering": "no",
    });
    if (req.method === "HEAD") {
      res.end();
      return;
    }
    if (this.isClosed || this.viewers.size >= MAX_VIEWERS) {
      this.endOne(res, this.isClosed ? "closing" : "viewers");
      return;
    }
    const viewer: Viewer = { res, until: Date.now() + MAX_VIEW_MS, dropped: 0, fullSince: undefined };
    this.viewers.add(viewer);
    res.on("close", () => this.remove(viewer));
    res.on("error", () => this.remove(viewer));
    res.on("drain", () => (viewer.fullSince = undefined));
    res.write("retry: 3000\n\n");
    if (this.viewers.size === 1) this.start();
    void this.sample();
  }

  /** Returns how things are now, for a page that opens. */
  async now(): Promise<LiveSample> {
    const bans = await this.watched.context.banIndex.countInForce();
    return {
      ...this.state(),
      bans,
      requests: 0,
      denied: 0,
      challenged: 0,
      solved: 0,
      dropped: 0,
      events: [],
    };
  }

  /** Ends all streams. */
  close(): void {
    this.isClosed = true;
    for (const viewer of this.viewers) this.endOne(viewer.res, "closing");
    this.viewers.clear();
    this.stop();
  }

  private start(): void {
    const { context } = this.watched;
    this.tally.take();
    this.number = 0;
    const solved: BunkerEventType = "solved";
    this.stops = [context.meter.add(this.tally), context.events.onBrief(solved, () => this.tally.solved++)];
    this.timer = setInterval(() => void this.sample(), SAMPLE_MS).unref();
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    for (const stop of this.stops.splice(0)) stop();
  }

  private remove(viewer: Viewer): void {
    if (this.viewers.delete(viewer) && this.viewers.size === 0) this.stop();
  }

  // One for all viewers; one at a time, so that a slow store does not have them pile up.
  private async sample(): Promise<void> {
    if (this.isSampling) return;
    this.isSampling = true;
    try {
      await this.takeSlowCounts();
      const { events, minute, bans } = this;
      this.events = [];
      const counts = { ...this.tally.take(), bans, events };
      this.write({ ...this.state(), ...counts, ...(minute === undefined ? {} : { minute }) });
    } catch {
      // The next sample may do better.
    } finally {
      this.isSampling = false;
    }
  }

  private async takeSlowCounts(): Promise<void> {
    const { context, history, geo } = this.watched;
    const number = this.number++;
    if (number % BANS_EVERY === 0) this.bans = await context.banIndex.countInForce();
    if (number % SLOW_EVERY !== 0) return;
    this.minute = await history.minute();
    const { events } = await history.events({ limit: MAX_LOOKED_AT });
    const fresh = events.filter(({ key }) => !this.seen.has(key));
    // What was there before the first viewer came is no news.
    if (number > 0) this.events = await geo.addTo(newestOf(fresh), ({ ip }) => ip);
    this.seen = new Set(events.map(({ key }) => key));
  }

  private state(): Pick<LiveSample, "time" | "mode" | "ok" | "alarms" | "notices"> {
    const { watched } = this;
    const warnings = warningsOf(watched);
    const alarms = warnings.filter(({ level }) => level === "alarm").length;
    return {
      time: watched.now(),
      mode: modeState(watched),
      ok: watched.engine.health().ok,
      alarms,
      notices: warnings.length - alarms,
    };
  }

  private write(sample: Omit<LiveSample, "dropped">): void {
    const json = JSON.stringify(sample).slice(0, -1);
    const now = Date.now();
    for (const viewer of this.viewers) {
      const { res, until, fullSince } = viewer;
      if (now >= until || (fullSince !== undefined && now - fullSince >= MAX_STALL_MS)) {
        this.remove(viewer);
        if (fullSince === undefined) res.end();
        else res.destroy();
      } else if (fullSince !== undefined) viewer.dropped++;
      else if (!res.write(`event: sample\ndata: ${json},"dropped":${viewer.dropped}}\n\n`))
        viewer.fullSince = now;
    }
  }

  private endOne(res: ServerResponse, why: "viewers" | "closing"): void {
    res.end(`retry: 30000\nevent: closed\ndata: ${JSON.stringify({ why })}\n\n`);
  }
}

function newestOf(events: readonly EventRow[]): EventRow[] {
  const rare = events.filter(({ type }) => !FREQUENT.has(type));
  const frequent = events.filter(({ type }) => FREQUENT.has(type));
  const told = new Set([...rare, ...frequent].slice(0, MAX_EVENTS));
  return events.filter((event) => told.has(event));
}
