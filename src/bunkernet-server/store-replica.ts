import { messageOf } from "../errors.js";
import type { Store } from "../store/store.js";
import { PREFIX, parseRecordKey } from "./records.js";

/** Everything is read anew so often, in ms: when the store tells of changes, only to heal what might have been missed. */
const RELOAD_MS = { watched: 600_000, unwatched: 30_000 };
/** A failed reading is tried again after so long, in ms. */
const RETRY_MS = 2000;

/** Whoever keeps copies of the keys. */
export interface ReplicaTarget {
  clear(): void;
  apply(key: string, value: string | undefined): void;
}

/** Keeps copies of our `state` keys true: reads them all at start, then follows the store's news. */
export class StoreReplica {
  private readonly unwatch: (() => void) | undefined;
  private readonly timer: NodeJS.Timeout;
  private retry: NodeJS.Timeout | undefined;
  private reading: Promise<void> | undefined;
  private loaded = false;
  private closed = false;
  private failure: string | undefined;
  /** What changed while everything is being read: newer than what the reading brings. */
  private changes: Map<string, string | undefined> | undefined;

  constructor(
    private readonly store: Store,
    private readonly target: ReplicaTarget,
  ) {
    this.unwatch = store.watch?.(
      "state",
      ({ key, value }) => {
        if (!key.startsWith(`state:${PREFIX}`)) return;
        this.record(key, value);
        target.apply(key, value);
      },
      () => this.reloadOrRetry(),
    );
    this.timer = setInterval(
      () => this.reloadOrRetry(),
      this.unwatch ? RELOAD_MS.watched : RELOAD_MS.unwatched,
    ).unref();
  }

  /** Why the copies are not true; `undefined` = they are. */
  get problem(): string | undefined {
    return this.loaded ? this.failure : (this.failure ?? "the store has not been read yet");
  }

  /** Resolves once everything has been read; rejects when it cannot be. */
  async ready(): Promise<void> {
    if (!this.loaded) await this.reload();
  }

  /** Reads everything anew, or waits for the reading that goes on. */
  reload(): Promise<void> {
    return (this.reading ??= this.read().finally(() => (this.reading = undefined)));
  }

  /** A change that was made here. */
  record(key: string, value: string | undefined): void {
    this.changes?.set(key, value);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.retry);
    this.unwatch?.();
  }

  private async read(): Promise<void> {
    this.changes = new Map();
    try {
      const found: [string, string][] = [];
      for await (const { key, value } of this.entries()) if (value !== undefined) found.push([key, value]);
      const news = this.changes;
      if (this.closed) return;
      // Votes expire oldest first, so they are counted in that order, after everything that decides over single addresses.
      const sorted = found
        .filter(([key]) => !news.has(key))
        .map(([key, value]) => ({ key, value, at: orderOf(key, value) }))
        .sort((a, b) => a.at - b.at);
      this.target.clear();
      for (const { key, value } of sorted) this.target.apply(key, value);
      for (const [key, value] of news) this.target.apply(key, value);
      this.loaded = true;
      this.failure = undefined;
    } catch (error) {
      this.failure = `the store cannot be read: ${messageOf(error)}`;
      throw error;
    } finally {
      this.changes = undefined;
    }
  }

  private async *entries(): AsyncGenerator<{ key: string; value: string | undefined }, void, undefined> {
    if (this.store.entries !== undefined) {
      yield* this.store.entries("state", PREFIX);
      return;
    }
    for await (const key of this.store.keys("state", PREFIX)) yield { key, value: await this.store.get(key) };
  }

  private reloadOrRetry(): void {
    if (this.closed) return;
    this.reload().catch(() => {
      if (this.closed) return;
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.reloadOrRetry(), RETRY_MS).unref();
    });
  }
}

function orderOf(key: string, value: string): number {
  return parseRecordKey(key)?.kind === "vote" ? Number(value.split("|", 2)[1]) : Number(value) - 1e15;
}
