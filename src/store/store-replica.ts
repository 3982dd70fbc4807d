import type { Awaitable } from "../awaitable.js";
import { messageOf } from "../errors.js";
import { entriesOf } from "./entries.js";
import type { Namespace, Store, StoreChange } from "./store.js";

/** The pause before a failed read is retried, in ms. */
const RETRY_MS = 1000;
/** For how long keys of a page are taken at a time, in ms: requests must not wait for a whole page. */
const SLICE_MS = 2;
/** After so many keys, it is asked how long that took. */
const KEYS_PER_CHECK = 16;

/** Holds the copies of a {@link StoreReplica}. */
export interface ReplicaTarget {
  apply(change: StoreChange): void;
  /** A read begins. `entry` is called with every key that does not change meanwhile, `end` after the last one. */
  beginRead(): {
    entry(entry: StoreChange): void;
    /** @param changes the changes during the read, which are newer; @param first whether nothing was read before */
    end(changes: ReadonlyMap<string, string | undefined>, first: boolean): Awaitable<void>;
  };
}

type ReplicaPart = readonly [Namespace, prefix: string];

/** Keeps copies of some keys: reads them all once, follows the store's changes, and reads again when some may have been missed. */
export class StoreReplica {
  private readonly stops: (() => void)[] = [];
  private retry: NodeJS.Timeout | undefined;
  private reading: Promise<void> | undefined;
  private loaded = false;
  private closed = false;
  private failure: string | undefined;
  /** How often changes may have been missed. */
  private gaps = 0;
  private changes: Map<string, string | undefined> | undefined;

  /**
   * @param parts the keys: namespaces, and the start of the rest of their keys
   * @param reloadMs how often everything is read again, in ms, if the store reports changes or does not. Default: never
   */
  constructor(
    private readonly store: Store,
    private readonly parts: readonly ReplicaPart[],
    private readonly target: ReplicaTarget,
    reloadMs?: { readonly watched: number; readonly unwatched: number },
  ) {
    for (const [index, [namespace, prefix]] of parts.entries()) {
      const start = `${namespace}:${prefix}`;
      const follow = (change: StoreChange): void => {
        if (!change.key.startsWith(start)) return;
        this.record(change.key, change.value);
        target.apply(change);
      };
      const stop = store.watch?.(namespace, follow, index === 0 ? () => this.missed() : undefined);
      if (stop !== undefined) this.stops.push(stop);
    }
    if (reloadMs === undefined) return;
    const pause = this.stops.length > 0 ? reloadMs.watched : reloadMs.unwatched;
    const timer = setInterval(() => this.reloadOrRetry(), pause).unref();
    this.stops.push(() => clearInterval(timer));
  }

  /** Why the copies are not current; `undefined` = they are. */
  get problem(): string | undefined {
    return this.loaded ? this.failure : (this.failure ?? "the store has not been read yet");
  }

  /** Resolves once everything has been read; rejects if that fails. `undefined` = it was read before. */
  ready(): Promise<void> | undefined {
    return this.loaded ? undefined : this.reload();
  }

  /** Reads everything again, or waits for the read in progress. */
  reload(): Promise<void> {
    return (this.reading ??= this.read().finally(() => (this.reading = undefined)));
  }

  /** Notes a change that this process made: a read in progress knows less. */
  record(key: string, value: string | undefined): void {
    this.changes?.set(key, value);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    for (const stop of this.stops.splice(0)) stop();
  }

  private missed(): void {
    this.gaps++;
    if (this.reading === undefined && (this.loaded || this.failure !== undefined)) this.reloadOrRetry();
  }

  private reloadOrRetry(): void {
    if (this.closed) return;
    this.reload().catch(() => {
      clearTimeout(this.retry);
      if (!this.closed) this.retry = setTimeout(() => this.reloadOrRetry(), RETRY_MS).unref();
    });
  }

  private async readPart([namespace, prefix]: ReplicaPart, entry: (one: StoreChange) => void): Promise<void> {
    if (this.store.pages === undefined) {
      for await (const one of entriesOf(this.store, namespace, prefix)) entry(one);
      return;
    }
    // A page may be there at once, so a slice goes on into the next one.
    let began = performance.now();
    for await (const page of this.store.pages(namespace, prefix)) {
      for (let at = 0; at < page.length; at++) {
        entry(page[at] as StoreChange);
        if (at % KEYS_PER_CHECK !== 0 || performance.now() - began < SLICE_MS) continue;
        await new Promise((resolve) => setImmediate(resolve));
        began = performance.now();
      }
    }
  }

  private async read(): Promise<void> {
    let { gaps } = this;
    try {
      do {
        gaps = this.gaps;
        const changes = (this.changes = new Map<string, string | undefined>());
        const pass = this.target.beginRead();
        for (const part of this.parts)
          await this.readPart(part, (one) => {
            if (changes.size === 0 || !changes.has(one.key)) pass.entry(one);
          });
        await pass.end(changes, !this.loaded);
      } while (gaps !== this.gaps);
      this.loaded = true;
      this.failure = undefined;
    } catch (error) {
      this.failure = `the store cannot be read: ${messageOf(error)}`;
      throw error;
    } finally {
      this.changes = undefined;
    }
  }
}
