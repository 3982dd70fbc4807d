import type { FallbackStore, PendingWrite } from "./fallback-store.js";

/** Pending writes sent at a time. */
const BATCH = 500;
const PAUSE_MS = 200;

/** Sends pending writes to Redis: when an outage is over, and soon after a single call that failed. */
export class WriteBehindQueue {
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly fallback: FallbackStore,
    private readonly write: (pending: PendingWrite) => Promise<void>,
  ) {}

  /** Sends all pending writes; returns how many there were. */
  async flush(): Promise<number> {
    let written = 0;
    let batch: Promise<void>[] = [];
    for (const pending of this.fallback.sendable()) {
      batch.push(this.write(pending).then(() => this.fallback.confirm(pending.key, pending.value)));
      written++;
      if (batch.length < BATCH) continue;
      await Promise.all(batch);
      batch = [];
    }
    await Promise.all(batch);
    return written;
  }

  /** Sends them in a moment; if an outage begins before that, its end does. */
  flushSoon(): void {
    if (this.closed || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.flush().catch(() => this.flushSoon());
    }, PAUSE_MS);
    this.timer.unref();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }
}
