import type { BunkerEvent, BunkerEventType, EventBus } from "../events/event-bus.js";
import { LabelLimit } from "../label-limit.js";
import type { MeteredPlace, MeteredRequest, MeterReader, Refusal, RequestOutcome } from "../meter.js";
import { printable } from "../printable.js";
import { count, type Counts } from "./counts.js";
import type { EventToKeep, HistoryEventType } from "./history-event.js";
import { ownCopy } from "./own-copy.js";
import { solveTimeBucket } from "./solve-times.js";
import { MINUTE_MS } from "./time-buckets.js";
import type { BadRequest } from "./top-lists.js";

/** The longest paths in events and in the top lists, in characters. */
const MAX_PATH = 128;
const MAX_TOP_PATH = 80;

/** The most labels of each sort. Reasons of bans are the app's own words, and services may be many. */
const MAX_LABELS = { service: 12, protection: 12, reason: 16, kind: 12, why: 12 } as const;
/** The longest label, in characters: it is part of names that are stored for every minute. */
const MAX_LABEL = 40;

/** Takes what the recorder is told of besides counts. */
export interface RecorderSinks {
  /** An event that may be kept. */
  kept(event: EventToKeep): void;
  /** A bad response or a refusal. */
  bad(request: BadRequest, time: number): void;
}

/**
 * Counts what middlewares do, by minute. Its counters, each with what stands behind `|`:
 *
 * - `r` requests by service; `x` requests that passed unjudged or ungated, by the exemption; `k` bad responses by status;
 * - `d` refused by protection and reason; `c` challenged by kind and reason; `b` banned by reason; each by service as `d@`, `c@`, `b@`;
 * - `D`, `C`, `B` (and `D@`, …) the same where only `detect` mode has kept it from being done;
 * - `i` challenges issued, `s` solved, `f` failed, by kind; `s@`, `f@` by service; `t` solve times, by bucket;
 * - `u` unbanned by reason; `p` reported by reason; `e` faults by protection and reason; `w` warnings by code.
 */
export class Recorder implements MeterReader {
  private minute = NaN;
  private counts: Counts = new Map();
  private earlier: [time: number, counts: Counts][] = [];
  private readonly labels = {
    service: limitOf(MAX_LABELS.service),
    protection: limitOf(MAX_LABELS.protection),
    reason: limitOf(MAX_LABELS.reason),
    kind: limitOf(MAX_LABELS.kind),
    why: limitOf(MAX_LABELS.why),
  };
  private readonly requestNames = new Map<string, string>();
  /** The requests of a service that are not among the counts yet. */
  private service = "";
  private requests = 0;

  /** @param now the clock, in ms */
  constructor(
    private readonly now: () => number,
    private readonly sinks: RecorderSinks,
  ) {}

  /** Listens to the events that no meter tells of. Returns a function that ends it. */
  listenTo(events: EventBus): () => void {
    const on = (type: BunkerEventType, listener: (event: BunkerEvent) => void): (() => void) =>
      events.on(type, listener);
    const stops = [
      on("solved", (event) => this.solved(event)),
      on("failed", (event) => this.failed(event)),
      on("banned", (event) => this.banned(event)),
      on("unbanned", (event) => this.happened("unbanned", `u|${this.labels.reason.of(event.reason)}`, event)),
      on("reported", ({ reason }) => this.count(`p|${this.labels.reason.of(reason)}`)),
      on("fault", (event) => this.happened("fault", `e|${this.refusal(event)}`, event)),
      on("warning", (event) => this.happened("warning", `w|${this.labels.reason.of(event.reason)}`, event)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  requested(_outcome: RequestOutcome, service: string, _mode: MeteredPlace["mode"], isFirst: boolean): void {
    if (!isFirst) return;
    this.turnMinute();
    // Most requests are of the same service as the one before.
    if (service !== this.service) {
      this.countRequests();
      this.service = service;
    }
    this.requests++;
  }

  private countRequests(): void {
    const { service, requests } = this;
    if (requests > 0)
      count(this.counts, this.requestNames.get(service) ?? this.requestName(service), requests);
    this.requests = 0;
  }

  excused(why: string): void {
    this.count(`x|${this.labels.why.of(why)}`);
  }

  refused(type: "denied" | "challenged", about: Refusal, place: MeteredPlace, request: MeteredRequest): void {
    const { labels } = this;
    const { protection, reason } = about;
    const would = place.mode === "detect";
    const letter = type === "denied" ? (would ? "D" : "d") : would ? "C" : "c";
    const what =
      type === "denied"
        ? this.refusal(about)
        : `${labels.kind.of(kindOf(about.data))}|${labels.reason.of(reason)}`;
    const time = this.count(`${letter}|${what}`, `${letter}@|${labels.service.of(place.service)}`);
    const { ip, id, method } = request;
    const path = cleanPath(request);
    const { service, mode } = place;
    // Every new visitor is challenged.
    if (type === "denied") this.sinks.bad({ status: undefined, ip, path: path.slice(0, MAX_TOP_PATH) }, time);
    // The evidence of a ban is read from the ban: here it would be parsed at every refusal.
    const data = protection === "bans" ? undefined : about.data;
    this.sinks.kept({ type, time, id, ip, service, protection, reason, mode, method, path, data });
  }

  issued(kind: string): void {
    this.count(`i|${this.labels.kind.of(kind)}`);
  }

  /** A response has counted as bad. */
  counted(status: number, request: MeteredRequest): void {
    const time = this.count(`k|${status}`);
    const path = cleanPath(request).slice(0, MAX_TOP_PATH);
    this.sinks.bad({ status, ip: request.ip, path }, time);
  }

  /** Takes what was counted since the last call, by the minute (ms). */
  drain(): [time: number, counts: Counts][] {
    this.countRequests();
    const drained = this.earlier;
    if (this.counts.size > 0) drained.push([this.minute, this.counts]);
    this.earlier = [];
    this.counts = new Map();
    return drained;
  }

  private solved({ data, service }: BunkerEvent): void {
    const { seconds } = (data ?? {}) as { readonly seconds?: unknown };
    const took = typeof seconds === "number" && seconds >= 0 ? [`t|${solveTimeBucket(seconds)}`] : [];
    this.count(`s|${this.labels.kind.of(kindOf(data))}`, `s@|${this.labels.service.of(service)}`, ...took);
  }

  private failed(event: BunkerEvent): void {
    this.count(`f@|${this.labels.service.of(event.service)}`);
    this.happened("failed", `f|${this.labels.kind.of(kindOf(event.data))}`, event);
  }

  private banned(event: BunkerEvent): void {
    const letter = event.mode === "detect" ? "B" : "b";
    this.count(`${letter}@|${this.labels.service.of(event.service)}`);
    this.happened("banned", `${letter}|${this.labels.reason.of(event.reason)}`, event);
  }

  private happened(type: HistoryEventType, name: string, event: BunkerEvent): void {
    const time = this.count(name);
    const { id, ip, service, protection, reason, mode, method, path, data } = event;
    this.sinks.kept({ type, time, id, ip, service, protection, reason, mode, method, path, data });
  }

  private refusal({ protection, reason }: Pick<BunkerEvent, "protection" | "reason">): string {
    return `${this.labels.protection.of(protection)}|${this.labels.reason.of(reason)}`;
  }

  private requestName(service: string): string {
    const name = `r|${this.labels.service.of(service)}`;
    if (this.requestNames.size < 256) this.requestNames.set(service, name);
    return name;
  }

  // Adds one to each counter; returns the time in ms.
  private count(...names: readonly string[]): number {
    const time = this.turnMinute();
    for (const name of names) count(this.counts, name);
    return Math.floor(time);
  }

  private turnMinute(): number {
    const time = this.now();
    if (!(time >= this.minute && time < this.minute + MINUTE_MS)) {
      this.countRequests();
      const minute = Math.floor(time / MINUTE_MS) * MINUTE_MS;
      if (this.counts.size > 0) this.earlier.push([this.minute, this.counts]);
      this.counts = new Map();
      this.minute = minute;
    }
    return time;
  }
}

function kindOf(data: unknown): string {
  const { kind } = (typeof data === "object" && data !== null ? data : {}) as { readonly kind?: unknown };
  return typeof kind === "string" ? kind : "unknown";
}

function cleanPath({ path: { path } }: MeteredRequest): string {
  return ownCopy(printable(path.slice(0, MAX_PATH)));
}

function limitOf(others: number): LabelLimit {
  return new LabelLimit(others, { length: MAX_LABEL, separator: "|" });
}
