import { messageOf } from "../errors.js";
import { entriesOf } from "../store/entries.js";
import type { Store } from "../store/store.js";
import { PREFIX, parseRecordKey } from "./records.js";

/** How often everything is read again, in ms; if the store reports changes, only to correct missed ones. */
const RELOAD_MS = { watched: 600_000, unwatched: 30_000 };
/** The pause before a failed read is retried, in ms. */
const RETRY_MS = 2000;

/** Holds the copies of the keys. */
export interface ReplicaTarget {
  clear(): void;
  apply(key: string, value: string | undefined): void;
}

/** Keeps copies of the server's `state` keys: reads them all at start, then follows the store's changes. */
export class StoreReplica {
  private readonly unwatch: (() => void) | undefined;
  private readonly timer: NodeJS.Timeout;
  private retry: NodeJS.Timeout | undefined;
  private reading: Promise<void> | undefined;
  private loaded = false;
  private closed = false;
  private failure: string | undefined;
  /** Changes during a read, which are newer than its result. */
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

  /** Why the copies are not current; `undefined` = they are. */
  get problem(): string | undefined {
    return this.loaded ? this.failure : (this.failure ?? "the store has not been read yet");
  }

  /** Resolves once everything has been read; rejects if that fails. */
  async ready(): Promise<void> {
    if (!this.loaded) await this.reload();
  }

  /** Reads everything again, or waits for the read in progress. */
  reload(): Promise<void> {
    return (this.reading ??= this.read().finally(() => (this.reading = undefined)));
  }

  /** Notes a change that this process made. */
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
      for await (const { key, value } of entriesOf(this.store, "state", PREFIX))
        if (value !== undefined) found.push([key, value]);
      const { changes } = this;
      if (this.closed) return;
      // Votes expire oldest first, so they are applied in that order, after all other keys.
      const sorted = found
        .filter(([key]) => !changes.has(key))
        .map(([key, value]) => ({ key, value, at: orderOf(key, value) }))
        .sort((a, b) => a.at - b.at);
      this.target.clear();
      for (const { key, value } of sorted) this.target.apply(key, value);
      for (const [key, value] of changes) this.target.apply(key, value);
      this.loaded = true;
      this.failure = undefined;
    } catch (error) {
      this.failure = `the store cannot be read: ${messageOf(error)}`;
      throw error;
    } finally {
      this.changes = undefined;
    }
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
