import { BackOff, type Pauses } from "../back-off.js";
import { messageOf } from "../errors.js";
import type { BunkerEvent } from "../events/event-bus.js";
import { send } from "../http/http-client.js";
import { AlertBatch } from "./alert-batch.js";
import { alertMessage } from "./alert-message.js";
import type { AlertKind, AlertResolved } from "./options.js";

/** How long the first events of a kind are collected, in ms. */
const COLLECT_MS = 5000;
const TIMEOUT_MS = 10_000;
const CLOSE_MS = 1000;
const MAX_REPLY_BYTES = 16 * 1024;
const MAX_PAUSE = 3600;
const PAUSES: Pauses = { first: 60, maxOwn: MAX_PAUSE, max: MAX_PAUSE, isSpread: false };

/** Sends messages to one webhook: what happens is collected, and one kind is told once in `every` seconds. */
export class AlertSender {
  private readonly batches = new Map<AlertKind, AlertBatch>();
  /** When each kind may be told again, in ms. */
  private readonly due = new Map<AlertKind, number>();
  private readonly backOff: BackOff;
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();
  private readonly stop = new AbortController();

  /** @param onFailed called with what went wrong with each failed message */
  constructor(
    private readonly options: AlertResolved,
    private readonly now: () => number,
    private readonly onFailed: (problem: string) => void,
  ) {
    this.backOff = new BackOff(now, PAUSES);
  }

  add(event: BunkerEvent): void {
    this.batchOf(event.type).add(event);
  }

  /** Sends what is due; concurrent calls wait for each other. Never rejects. */
  flush(): Promise<void> {
    return (this.sending = this.sending.then(() => this.sendDue()));
  }

  /** Sends everything once more, for a second at most. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.due.clear();
    const limit = setTimeout(() => this.stop.abort(), CLOSE_MS);
    if (!this.backOff.isFailing) await this.flush();
    clearTimeout(limit);
    this.stop.abort();
    clearTimeout(this.timer);
  }

  private batchOf(kind: AlertKind): AlertBatch {
    let batch = this.batches.get(kind);
    if (batch !== undefined) return batch;
    this.batches.set(kind, (batch = new AlertBatch(kind)));
    this.due.set(kind, Math.max(this.due.get(kind) ?? 0, this.now() + COLLECT_MS));
    this.schedule();
    return batch;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.batches.size === 0 || this.stop.signal.aborted) return;
    const next = Math.min(...[...this.batches.keys()].map((kind) => this.due.get(kind) ?? 0));
    const wait = Math.max(next, this.backOff.end) - this.now();
    // A clock that jumps must not delay messages for days.
    this.timer = setTimeout(() => void this.flush(), Math.min(MAX_PAUSE * 1000, Math.max(0, wait)));
    this.timer.unref();
  }

  private async sendDue(): Promise<void> {
    for (const [kind, batch] of [...this.batches]) {
      if (!this.backOff.isOver) break;
      if (this.now() < (this.due.get(kind) ?? 0)) continue;
      // Events that arrive while it is sent go into the next message.
      this.batches.delete(kind);
      this.due.set(kind, this.now() + this.options.every * 1000);
      const problem = await this.post(batch);
      if (problem === undefined) this.backOff.succeeded();
      else this.failed(batch, problem);
    }
    this.schedule();
  }

  private failed(batch: AlertBatch, { text, retryAfter }: { text: string; retryAfter: number }): void {
    this.backOff.failed(retryAfter);
    const later = this.batches.get(batch.kind);
    if (later !== undefined) batch.absorb(later);
    this.batches.set(batch.kind, batch);
    if (!this.stop.signal.aborted) this.onFailed(text);
  }

  // Returns what went wrong. The address of the webhook is a secret, so it is not in it.
  private async post(batch: AlertBatch): Promise<{ text: string; retryAfter: number } | undefined> {
    const { url } = this.options;
    const { body, headers } = alertMessage(batch, this.options, this.now());
    try {
      const { status, headers: replied } = await send({
        method: "POST",
        url,
        headers,
        body,
        timeout: TIMEOUT_MS,
        maxBytes: MAX_REPLY_BYTES,
        reads: () => false,
        signal: this.stop.signal,
      });
      if (status >= 200 && status < 300) return undefined;
      const retryAfter = Number(replied["retry-after"] ?? 0);
      return { text: `${url.host} responded ${status}`, retryAfter: retryAfter > 0 ? retryAfter : 0 };
    } catch (error) {
      return { text: `${url.host}: ${messageOf(error)}`, retryAfter: 0 };
    }
  }
}
