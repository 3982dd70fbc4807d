import { isThenable } from "../awaitable.js";
import { messageOf } from "../errors.js";
import { type BunkerEvent } from "../events/event-bus.js";
import { requestOrigin } from "../request/event-origin.js";
import { RecentMap } from "../recent-map.js";
import type { Context } from "../engine/context.js";
import type { Store } from "../store/store.js";
import type { Api } from "./api.js";
import type { StateFiles } from "./state-files.js";
import type { BunkernetResolved } from "./options.js";
import type { Registration } from "./registration.js";
import { shownServer } from "./server-url.js";
import { ReportQueue } from "./report-queue.js";
import { ReportSender } from "./report-sender.js";
import { candidateOf, reportOf, type ReportCandidate, type ReportRules } from "./threat-report.js";

/** One report an address and reason in so many seconds. */
const DEDUP = 5400;
/** Addresses and reasons of which this process remembers that they were reported. */
const REMEMBERED = 65_536;
/** Events that a store that takes its time may have under consideration at once. */
const MAX_DEDUPLICATING = 1000;
/** So many waiting reports are sent without waiting for the hour. */
const FULL_BATCH = 100;

/** How reporting fares. */
export interface ReportStatus {
  /** About how many wait to be sent. */
  readonly queued: number;
  readonly delivered: number;
  /** Left out, since the queue was full or the store was too slow. */
  readonly dropped: number;
  /** Given up, since the API took others but not these. */
  readonly rejected: number;
  /** Not taken even alone, and left for a day. */
  readonly postponed: number;
  /** What went wrong at the last try. */
  readonly problem: string | undefined;
}

/** Hears who is refused and banned, and shares it. */
export class Reporter {
  private readonly queue: ReportQueue;
  private readonly sender: ReportSender;
  private readonly rules: ReportRules;
  private readonly reported = new RecentMap<string, number>(REMEMBERED);
  private readonly stops: (() => void)[] = [];
  private readonly deduplicating = new Set<Promise<void>>();
  private readonly jitter = 0.9 + Math.random() * 0.1;
  private readonly stop = new AbortController();
  private loading: Promise<void> | undefined;
  private lastSent: number;
  private shed = 0;
  private problem: string | undefined;

  constructor(
    private readonly context: Context,
    private readonly options: BunkernetResolved,
    api: Api,
    private readonly registration: Registration,
    private readonly prefix: string,
    store: Store,
    files: StateFiles | undefined,
    /** Told of the first event that a request led to. */
    private readonly onRequest: () => void,
    takesPart: (service: string) => boolean,
  ) {
    const { now, events } = context;
    this.lastSent = now();
    this.rules = {
      allow: context.options.allow,
      ipv6Subnet: context.options.ipv6Subnet,
      reportManual: options.reportManual,
      serverName: options.serverName,
      takesPart,
    };
    this.queue = new ReportQueue(
      store,
      context.store,
      `${prefix}report|`,
      files,
      options.maxReports,
      now,
      (problem) => this.fault(problem),
    );
    this.sender = new ReportSender(api, this.queue, context.store, `state:${prefix}sending`, now, {
      delivered: (reports) => {
        this.problem = undefined;
        for (const { ip, reason } of reports) this.emitReported(ip, reason);
      },
      failed: (problem) => this.fault(problem),
      refused: (id) => registration.refused(id),
      accepted: () => registration.accepted(),
    });
    if (!options.report) return;
    for (const type of ["denied", "banned"] as const)
      this.stops.push(events.on(type, (event) => this.onEvent(type, event)));
  }

  get status(): ReportStatus {
    return {
      queued: this.queue.size,
      delivered: this.sender.delivered,
      dropped: this.queue.full + this.shed,
      rejected: this.sender.rejected,
      postponed: this.sender.waiting,
      problem: this.problem,
    };
  }

  /** Sends what is due. Never rejects. */
  async tick(): Promise<void> {
    await this.load();
    await this.queue.settle();
    const since = this.context.now() - this.lastSent;
    const due = since < 0 || since >= this.options.reportEvery * 1000 * this.jitter;
    if (!this.sender.mayTry || !(due || this.queue.size >= FULL_BATCH)) return;
    await this.flush(false);
  }

  /** Sends everything that waits, within twice the time that one call may take. Never rejects. */
  async flush(insist: boolean): Promise<void> {
    await this.load();
    await Promise.all(this.deduplicating);
    const id = await this.registration.get(insist);
    if (id === undefined) return;
    const limit = AbortSignal.timeout(insist ? this.options.timeout * 2 : 10 * 60_000);
    await this.sender.send(id, AbortSignal.any([limit, this.stop.signal]));
    this.lastSent = this.context.now();
    await this.queue.keep();
  }

  /** Sends what waits if there is time for it, and hears no more. Never rejects. */
  async close(send: boolean): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    await Promise.all(this.deduplicating);
    const late = setTimeout(() => this.stop.abort(), this.options.timeout * 2);
    if (send && this.queue.size > 0) await this.flush(true);
    clearTimeout(late);
    this.stop.abort();
    await this.queue.close();
  }

  private load(): Promise<void> {
    return (this.loading ??= this.queue.load());
  }

  private onEvent(type: "denied" | "banned", event: BunkerEvent): void {
    if (requestOrigin(event) !== undefined) this.onRequest();
    const about = candidateOf(type, event, this.rules);
    if (about === undefined) return;
    const key = `${about.key}|${about.reason}`;
    const now = this.context.now();
    const left = (this.reported.get(key) ?? 0) - now;
    if (left > 0 && left <= DEDUP * 1000) return;
    this.reported.set(key, now + DEDUP * 1000);
    if (this.deduplicating.size >= MAX_DEDUPLICATING) {
      this.shed++;
      return;
    }
    this.deduplicate(about, event);
  }

  // Another instance on the store may have reported the same; a store that is down knows of none.
  private deduplicate(about: ReportCandidate, event: BunkerEvent): void {
    const take = (first: boolean): void => {
      if (first) this.queue.push(reportOf(about, event, this.rules));
    };
    try {
      // The address comes first, so that lifting a ban clears this too.
      const first = this.context.store.add(`cache:${about.key}|${this.prefix}${about.reason}`, "1", DEDUP);
      if (!isThenable(first)) {
        take(first);
        return;
      }
      const asking = first.then(take, () => take(true)).finally(() => this.deduplicating.delete(asking));
      this.deduplicating.add(asking);
    } catch {
      take(true);
    }
  }

  private emitReported(ip: string, reason: string): void {
    const { events, now, options } = this.context;
    if (!events.hears("reported")) return;
    events.emit({
      type: "reported",
      time: new Date(now()),
      id: "",
      ip,
      service: "unknown",
      protection: "bunkernet",
      reason,
      data: { server: shownServer(this.options.server.href) },
      mode: options.mode,
    });
  }

  private fault(problem: string): void {
    this.problem = messageOf(problem);
    this.context.emit(
      "fault",
      { protection: "bunkernet", reason: "report", data: problem },
      undefined,
      undefined,
    );
  }
}
