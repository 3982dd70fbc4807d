import { changeMessage } from "./change-feed.js";
import type { Commands } from "./commands.js";
import { keysOf, type KeyNames } from "./key-names.js";
import { WRITE } from "./scripts.js";
import type { FallbackStore, PendingWrite } from "./fallback-store.js";

/** Waiting bans written at a time. */
const BATCH = 500;
const PAUSE_MS = 200;

/** Writes what waited for Redis: when an outage is over, and soon after a single call that failed. */
export class WriteBehindQueue {
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly commands: Commands,
    private readonly names: KeyNames,
    private readonly fallback: FallbackStore,
  ) {}

  /** Writes everything that waits; answers how much that was. */
  async flush(): Promise<number> {
    let written = 0;
    let batch: Promise<void>[] = [];
    for (const waiting of this.fallback.pendingWrites()) {
      batch.push(this.write(waiting));
      written++;
      if (batch.length < BATCH) continue;
      await Promise.all(batch);
      batch = [];
    }
    await Promise.all(batch);
    return written;
  }

  /** Writes it in a moment, if by then no outage has begun, whose end does it. */
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

  private async write({ key, value, ttl }: PendingWrite): Promise<void> {
    const location = this.names.locate(key);
    const ms = Math.ceil(ttl * 1000);
    const channel = this.names.channel(location.namespace);
    await this.commands.probe(WRITE, keysOf(location), [
      location.rest,
      value,
      String(ms),
      channel,
      changeMessage(location.rest, ms),
      "0",
      "",
      "",
    ]);
    this.fallback.confirm(key, value);
  }
}
