import { isThenable } from "../awaitable.js";
import { messageOf } from "../errors.js";
import { type BunkerEvent } from "../events/event-bus.js";
import { requestOrigin } from "../request/event-origin.js";
import { RecentMap } from "../recent-map.js";
import type { Context } from "../engine/context.js";
import type { Api } from "./api.js";
import type { StateFiles } from "./state-files.js";
import type { BunkernetResolved } from "./options.js";
import type { Registration } from "./registration.js";
import { shownServer } from "./server-url.js";
import { ReportQueue } from "./report-queue.js";
import { ReportSender } from "./report-sender.js";
import { candidateOf, reportOf, type ReportCandidate, type ReportRules } from "./threat-report.js";
import { UNKNOWN_SERVICE } from "../service-name.js";
import { withTimeout } from "../with-timeout.js";

/** At most one report per address and reason within this many seconds. */
const DEDUP = 5400;
/** The number of reported addresses and reasons that this process remembers. */
const REMEMBERED = 65_536;
/** The maximum number of concurrent deduplication calls to the store. */
const MAX_DEDUPLICATING = 1000;
/** How long `close` sends queued reports, in ms: the rest of its second is for the journal. */
const LAST_SEND_MS = 700;
/** This many queued reports are sent immediately. */
const FULL_BATCH = 100;

/** The state of reporting. */
export interface ReportStatus {
  /** About how many are queued. */
  readonly queued: number;
  readonly delivered: number;
  /** Dropped, because the queue was full or the store too slow. */
  readonly dropped: number;
  /** Dropped, because the API accepted others but not these. */
  readonly rejected: number;
  /** Rejected alone, and postponed for a day. */
  readonly postponed: number;
  /** What went wrong at the last try. */
  readonly problem: string | undefined;
}

/** The parts that a {@link Reporter} uses. */
export interface ReporterParts {
  readonly api: Api;
  readonly registration: Registration;
  /** The prefix of its keys in the store. */
  readonly prefix: string;
  readonly files: StateFiles | undefined;
  /** Called with each event of a request. */
  readonly onRequest: () => void;
  /** Whether BunkerNet is on for a service. */
  readonly takesPart: (service: string) => boolean;
}

/** Reports refused and banned clients. */
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
    private readonly parts: ReporterParts,
  ) {
    const { now, events } = context;
    const { api, registration, prefix, files, takesPart } = parts;
    this.lastSent = now();
    this.rules = {
      allow: context.options.allow,
      ipv6Subnet: context.options.ipv6Subnet,
      reportManual: options.reportManual,
      serverName: options.serverName,
      takesPart,
    };
    this.queue = new ReportQueue(context, {
      prefix: `${prefix}report|`,
      files,
      max: options.maxReports,
      onFault: (problem) => this.fault(problem),
    });
    this.sender = new ReportSender(context, {
      api,
      queue: this.queue,
      lockKey: `state:${prefix}sending`,
      onDelivered: (reports) => {
        this.problem = undefined;
        for (const { ip, reason } of reports) this.emitReported(ip, reason);
      },
      onFailed: (problem) => this.fault(problem),
      onRefused: (id) => registration.refused(id),
      onAccepted: () => registration.accepted(),
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

  /** Sends all queued reports; with `insist`, within twice `timeout`. Never rejects. */
  async flush(insist: boolean): Promise<void> {
    await this.load();
    await Promise.all(this.deduplicating);
    const id = await this.parts.registration.get(insist);
    if (id === undefined) return;
    const limit = AbortSignal.timeout(insist ? this.options.timeout * 2 : 10 * 60_000);
    await this.sender.send(id, AbortSignal.any([limit, this.stop.signal]));
    this.lastSent = this.context.now();
    await this.queue.keep();
  }

  /**
   * Stops listening; with `send`, sends queued reports for a short time. What is left stays in the store or the journal. Never
   * rejects.
   */
  async close(send: boolean): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    await withTimeout(this.sendLast(send), LAST_SEND_MS, () => undefined).catch(() => undefined);
    this.stop.abort();
    await this.queue.close();
  }

  private async sendLast(send: boolean): Promise<void> {
    await Promise.all(this.deduplicating);
    if (send && this.queue.size > 0) await this.flush(true);
  }

  private load(): Promise<void> {
    return (this.loading ??= this.queue.load());
  }

  private onEvent(type: "denied" | "banned", event: BunkerEvent): void {
    if (requestOrigin(event) !== undefined) this.parts.onRequest();
    const candidate = candidateOf(type, event, this.rules);
    if (candidate === undefined) return;
    const key = `${candidate.key}|${candidate.reason}`;
    const now = this.context.now();
    const left = (this.reported.get(key) ?? 0) - now;
    if (left > 0 && left <= DEDUP * 1000) return;
    this.reported.set(key, now + DEDUP * 1000);
    if (this.deduplicating.size >= MAX_DEDUPLICATING) {
      this.shed++;
      return;
    }
    this.deduplicate(candidate, event);
  }

  // Another instance may have reported the same. If the store fails, the report is sent.
  private deduplicate(candidate: ReportCandidate, event: BunkerEvent): void {
    const take = (first: boolean): void => {
      if (first) this.queue.push(reportOf(candidate, event, this.rules));
    };
    try {
      // Starts with the address, so that an unban clears it too.
      const first = this.context.store.add(
        `cache:${candidate.key}|${this.parts.prefix}${candidate.reason}`,
        "1",
        DEDUP,
      );
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
    const { events, now, mode } = this.context;
    if (!events.hears("reported")) return;
    events.emit({
      type: "reported",
      time: new Date(now()),
      id: "",
      ip,
      service: UNKNOWN_SERVICE,
      protection: "bunkernet",
      reason,
      data: { server: shownServer(this.options.server.href) },
      mode,
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
