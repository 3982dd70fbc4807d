import { randomBytes } from "node:crypto";
import type { GuardedStore } from "../store/guarded-store.js";
import type { Api, Outcome } from "./api.js";
import { BackOff } from "./back-off.js";
import type { QueuedReport, ReportQueue } from "./report-queue.js";
import type { ThreatReport } from "./threat-report.js";

/** The most that the API takes at once. */
const BATCH = 100;
/** How long one batch may take before another instance may send, in seconds. */
const LOCK_TTL = 60;
/** A report that is not taken even alone is left for so long, in ms. */
const POSTPONED_MS = 86_400_000;
/** So many times; then it is dropped, if the API took others meanwhile. */
const MAX_REJECTIONS = 3;
/** So many reports in a row not taken even alone: it is not the reports. */
const MAX_REJECTED_ALONE = 5;
/** Failures of one batch before it is tried in halves. */
const MAX_UNCLEAR_FAILURES = 2;

/** What the sender tells of. */
export interface SenderListener {
  delivered(reports: readonly ThreatReport[]): void;
  failed(problem: string): void;
  /** 401 or 403. */
  refused(id: string): Promise<void>;
  accepted(): void;
}

/**
 * Sends what is queued, at least once: a report leaves the queue when the API has acknowledged it. A batch that is not taken
 * is tried in halves until the report that spoils it stands alone.
 */
export class ReportSender {
  delivered = 0;
  /** Dropped, since the API took others but not these. */
  rejected = 0;
  private readonly backOff: BackOff;
  private readonly postponed = new Map<string, { until: number; rejections: number; since: number }>();
  private sending: Promise<void> | undefined;
  private batchSize = BATCH;
  private unclearFailures = 0;
  private busyUntil = 0;

  constructor(
    private readonly api: Api,
    private readonly queue: ReportQueue,
    private readonly store: GuardedStore,
    private readonly lockKey: string,
    private readonly now: () => number,
    private readonly listener: SenderListener,
  ) {
    this.backOff = new BackOff(now);
  }

  get mayTry(): boolean {
    return this.backOff.isOver;
  }

  get waiting(): number {
    return this.postponed.size;
  }

  /** Sends everything, until `signal`; calls at the same time share the work. Never rejects. */
  send(id: string, signal: AbortSignal): Promise<void> {
    // What the server asked for holds even when somebody insists.
    if (this.now() < this.busyUntil && this.busyUntil - this.now() <= POSTPONED_MS * 2)
      return Promise.resolve();
    return (this.sending ??= this.sendAll(id, signal)
      .catch((error: unknown) => this.listener.failed(String(error)))
      .finally(() => (this.sending = undefined)));
  }

  private async sendAll(id: string, signal: AbortSignal): Promise<void> {
    const token = randomBytes(8).toString("hex");
    if (!(await this.store.add(this.lockKey, token, LOCK_TTL))) return;
    try {
      const ids = this.due(await this.queue.ids());
      let alone = 0;
      for (let at = 0; at < ids.length && !signal.aborted && alone < MAX_REJECTED_ALONE;) {
        // Taken over by another instance while we were slow: what we would send now it sends too.
        if ((await this.store.get(this.lockKey)) !== token) return;
        await this.store.set(this.lockKey, token, LOCK_TTL);
        const slice = ids.slice(at, at + this.batchSize);
        const batch = await this.queue.read(slice);
        if (batch.length === 0) {
          at += slice.length;
          continue;
        }
        const outcome = await this.api.report(
          id,
          batch.map(({ report }) => report),
          signal,
        );
        if (isOver(signal) && outcome.kind === "failed") return;
        const next = await this.settle(id, outcome, batch);
        if (next === "stop") return;
        if (next === "on") at += slice.length;
        if (next === "alone") {
          at += slice.length;
          alone++;
        }
      }
      if (alone >= MAX_REJECTED_ALONE) this.backOff.failed();
    } finally {
      if ((await this.store.get(this.lockKey)) === token) await this.store.delete(this.lockKey);
    }
  }

  // What a batch's answer means for what comes next.
  private async settle(
    id: string,
    outcome: Outcome<unknown>,
    batch: readonly QueuedReport[],
  ): Promise<"on" | "again" | "alone" | "stop"> {
    if (outcome.kind === "ok") {
      this.backOff.succeeded();
      this.listener.accepted();
      await this.accepted(batch);
      return "on";
    }
    this.listener.failed(outcome.problem);
    if (outcome.kind === "busy") this.busyUntil = this.now() + outcome.retryAfter * 1000;
    if (outcome.kind === "refused") await this.listener.refused(id);
    if (
      outcome.kind === "rejected" ||
      (outcome.kind === "failed" && ++this.unclearFailures >= MAX_UNCLEAR_FAILURES)
    ) {
      this.unclearFailures = 0;
      const only = batch.length === 1 ? batch[0] : undefined;
      // In the middle between a batch that is not taken and one that is: the report that spoils it is in a half.
      this.batchSize = Math.max(1, Math.ceil(batch.length / 2));
      if (only !== undefined) await this.postpone(only.id, outcome.kind === "rejected");
      if (outcome.kind === "rejected") return only === undefined ? "again" : "alone";
    }
    this.backOff.failed(outcome.kind === "busy" ? outcome.retryAfter : 0);
    return "stop";
  }

  private async accepted(batch: readonly QueuedReport[]): Promise<void> {
    this.unclearFailures = 0;
    this.batchSize = Math.min(BATCH, this.batchSize * 2);
    this.delivered += batch.length;
    for (const { id } of batch) this.postponed.delete(id);
    await this.queue.remove(batch.map(({ id }) => id));
    this.listener.delivered(batch.map(({ report }) => report));
  }

  // A server that takes nothing at all today must not cost a report; one that takes others will never take this one.
  private async postpone(id: string, clearly: boolean): Promise<void> {
    const before = this.postponed.get(id);
    const rejections = (before?.rejections ?? 0) + (clearly ? 1 : 0);
    const since = before?.since ?? this.delivered;
    if (rejections >= MAX_REJECTIONS && this.delivered > since) {
      this.postponed.delete(id);
      this.rejected++;
      await this.queue.remove([id]);
      return;
    }
    this.postponed.set(id, { until: this.now() + POSTPONED_MS, rejections, since });
  }

  private due(ids: readonly string[]): string[] {
    const now = this.now();
    const there = new Set(ids);
    for (const id of [...this.postponed.keys()]) if (!there.has(id)) this.postponed.delete(id);
    return ids.filter((id) => {
      const until = this.postponed.get(id)?.until ?? 0;
      return now >= until || until - now > POSTPONED_MS;
    });
  }
}

// Asked anew after every wait.
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}
