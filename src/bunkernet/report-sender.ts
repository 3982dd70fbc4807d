import { randomBytes } from "node:crypto";
import { BackOff } from "../back-off.js";
import type { Context } from "../engine/context.js";
import { SERVER_PAUSES, type Api, type Outcome } from "./api.js";
import type { ReportQueue } from "./report-queue.js";
import type { QueuedReport, ThreatReport } from "./threat-report.js";

/** The maximum number of reports per call. */
const BATCH = 100;
/** How long one batch may take before another instance may send, in seconds. */
const LOCK_TTL = 60;
/** How long a report that was rejected alone is postponed, in ms. */
const POSTPONED_MS = 86_400_000;
/** Rejections before a report is dropped, if the API accepted others meanwhile. */
const MAX_REJECTIONS = 3;
/** Consecutive reports rejected alone before sending stops: the reports are not the cause. */
const MAX_REJECTED_ALONE = 5;
/** Failures of a batch before it is halved. */
const MAX_UNCLEAR_FAILURES = 2;

/** The parts that a {@link ReportSender} uses. */
export interface ReportSenderParts {
  readonly api: Api;
  readonly queue: ReportQueue;
  readonly lockKey: string;
  readonly onDelivered: (reports: readonly ThreatReport[]) => void;
  readonly onFailed: (problem: string) => void;
  /** The API refused the id with 401 or 403. */
  readonly onRefused: (id: string) => Promise<void>;
  readonly onAccepted: () => void;
}

/**
 * Sends the queued reports at least once each: a report leaves the queue when the API has acknowledged it. A rejected batch is
 * halved until the report that causes it is alone.
 */
export class ReportSender {
  delivered = 0;
  /** Dropped, because the API accepted others but not these. */
  rejected = 0;
  private readonly backOff: BackOff;
  private readonly postponed = new Map<string, { until: number; rejections: number; since: number }>();
  private sending: Promise<void> | undefined;
  private batchSize = BATCH;
  private unclearFailures = 0;
  private busyUntil = 0;

  constructor(
    private readonly context: Context,
    private readonly parts: ReportSenderParts,
  ) {
    this.backOff = new BackOff(context.now, SERVER_PAUSES);
  }

  get mayTry(): boolean {
    return this.backOff.isOver;
  }

  get waiting(): number {
    return this.postponed.size;
  }

  /** Sends everything, until `signal`; concurrent calls share the work. Never rejects. */
  send(id: string, signal: AbortSignal): Promise<void> {
    // A pause that the server asked for also applies to `flush`.
    if (this.context.now() < this.busyUntil && this.busyUntil - this.context.now() <= POSTPONED_MS * 2)
      return Promise.resolve();
    return (this.sending ??= this.sendAll(id, signal)
      .catch((error: unknown) => this.parts.onFailed(String(error)))
      .finally(() => (this.sending = undefined)));
  }

  private async sendAll(id: string, signal: AbortSignal): Promise<void> {
    const token = randomBytes(8).toString("hex");
    if (!(await this.context.store.add(this.parts.lockKey, token, LOCK_TTL))) return;
    try {
      const ids = this.due(await this.parts.queue.ids());
      let alone = 0;
      for (let at = 0; at < ids.length && !signal.aborted && alone < MAX_REJECTED_ALONE;) {
        // If another instance has taken the lock over, it sends the same reports.
        if ((await this.context.store.get(this.parts.lockKey)) !== token) return;
        await this.context.store.set(this.parts.lockKey, token, LOCK_TTL);
        const slice = ids.slice(at, at + this.batchSize);
        const batch = await this.parts.queue.read(slice);
        if (batch.length === 0) {
          at += slice.length;
          continue;
        }
        const outcome = await this.parts.api.report(
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
      if ((await this.context.store.get(this.parts.lockKey)) === token)
        await this.context.store.delete(this.parts.lockKey);
    }
  }

  // Handles the result of a batch; returns what to do next.
  private async settle(
    id: string,
    outcome: Outcome<unknown>,
    batch: readonly QueuedReport[],
  ): Promise<"on" | "again" | "alone" | "stop"> {
    if (outcome.kind === "ok") {
      this.backOff.succeeded();
      this.parts.onAccepted();
      await this.accepted(batch);
      return "on";
    }
    this.parts.onFailed(outcome.problem);
    if (outcome.kind === "busy") this.busyUntil = this.context.now() + outcome.retryAfter * 1000;
    if (outcome.kind === "refused") await this.parts.onRefused(id);
    if (
      outcome.kind === "rejected" ||
      (outcome.kind === "failed" && ++this.unclearFailures >= MAX_UNCLEAR_FAILURES)
    ) {
      this.unclearFailures = 0;
      const only = batch.length === 1 ? batch[0] : undefined;
      // The report that causes the rejection is in one of the halves.
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
    await this.parts.queue.remove(batch.map(({ id }) => id));
    this.parts.onDelivered(batch.map(({ report }) => report));
  }

  // A report is dropped only if the server accepts others.
  private async postpone(id: string, clearly: boolean): Promise<void> {
    const before = this.postponed.get(id);
    const rejections = (before?.rejections ?? 0) + (clearly ? 1 : 0);
    const since = before?.since ?? this.delivered;
    if (rejections >= MAX_REJECTIONS && this.delivered > since) {
      this.postponed.delete(id);
      this.rejected++;
      await this.parts.queue.remove([id]);
      return;
    }
    this.postponed.set(id, { until: this.context.now() + POSTPONED_MS, rejections, since });
  }

  private due(ids: readonly string[]): string[] {
    const now = this.context.now();
    const there = new Set(ids);
    for (const id of [...this.postponed.keys()]) if (!there.has(id)) this.postponed.delete(id);
    return ids.filter((id) => {
      const until = this.postponed.get(id)?.until ?? 0;
      return now >= until || until - now > POSTPONED_MS;
    });
  }
}

// A function, since TypeScript does not expect the value to change.
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}
