import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { messageOf } from "../errors.js";
import type { EventBus } from "../events/event-bus.js";
import type { Meter } from "../meter.js";
import type { Store } from "../store/store.js";
import { CountBook } from "./count-book.js";
import type { CountLedger } from "./counts.js";
import type { CountsPoint, CountsReport } from "./counts-report.js";
import { periodOf, pointOf } from "./read-counts.js";
import { HistoryFile } from "./history-file.js";
import { RecentEvents, type EventPage, type EventQuery } from "./recent-events.js";
import { Recorder } from "./recorder.js";
import { SharedCounts, type TallyStore } from "./shared-counts.js";
import { bucketsOf, spanOf, type HistoryRange } from "./time-buckets.js";
import { TopListKeeper, type TopLists, type TopRange } from "./top-lists.js";

/** How often counts and events are shared, in ms. */
const FLUSH_MS = 5000;
/** How often the file is written and the top lists are shared, in ms. */
const SAVE_MS = 60_000;

/** What a {@link History} records, and where it keeps that. */
export interface HistoryParts {
  readonly store: Store;
  readonly events: EventBus;
  readonly meter: Meter;
  /** The clock, in ms: the same on all instances. */
  readonly now: () => number;
  /** A folder for this app alone, where the history of a store in memory survives restarts. */
  readonly cacheDir?: string | undefined;
}

/** How a {@link History} is. */
export interface HistoryStatus {
  /** Whether it is that of all instances on the store, or of this process alone. */
  readonly shared: boolean;
  /** What went wrong at the last attempt to share or save it. */
  readonly problem: string | undefined;
  /** Events left out of the list of recent events since the start; they are counted all the same. */
  readonly leftOut: number;
  /** Counted events that were given up since the start, because the store was away for too long. */
  readonly lost: number;
}

/**
 * The history of all middlewares on one store, from the moment it is made: counts by time, recent events, and what is most frequent
 * among bad responses and refusals. On a store that adds up counts it is that of all instances. What has happened in the last seconds is known
 * to this instance only. Everything is bounded, and nothing of it waits for a request.
 */
export class History {
  private readonly recorder: Recorder;
  private readonly ledger: CountLedger;
  private readonly book: CountBook | undefined;
  private readonly sharedCounts: SharedCounts | undefined;
  private readonly recent: RecentEvents;
  private readonly tops: TopListKeeper;
  private readonly file: HistoryFile | undefined;
  private readonly stops: (() => void)[];
  private readonly loading: Promise<void>;
  private queue: Promise<unknown> = Promise.resolve();
  private problem: string | undefined;
  private savedAt: number;
  private changed = false;

  constructor(private readonly parts: HistoryParts) {
    const { store, events, meter, now, cacheDir } = parts;
    const by = randomBytes(4).toString("hex");
    const shared = isTallyStore(store) ? store : undefined;
    this.sharedCounts = shared && new SharedCounts(shared, by);
    this.book = shared === undefined ? new CountBook() : undefined;
    this.ledger = this.sharedCounts ?? (this.book as CountBook);
    this.recent = new RecentEvents(shared, by, now);
    this.tops = new TopListKeeper(shared, by, now);
    this.recorder = new Recorder(now, {
      kept: (event) => this.recent.add(event),
      bad: (request, time) => this.tops.add(request, time),
    });
    this.file =
      shared === undefined && cacheDir !== undefined ? new HistoryFile(join(cacheDir, "history")) : undefined;
    this.savedAt = now();
    let flushing = false;
    // A store that is slow must not have flushes pile up.
    const timer = setInterval(() => {
      if (flushing) return;
      flushing = true;
      void this.flush().finally(() => (flushing = false));
    }, FLUSH_MS).unref();
    this.stops = [this.recorder.listenTo(events), meter.add(this.recorder), () => clearInterval(timer)];
    this.loading = this.load();
  }

  /** Resolves when what was kept before a restart is known. Never rejects. */
  ready(): Promise<void> {
    return this.loading;
  }

  /** The counts of a range by time, and of the period before it. Never rejects. */
  async counts(range: HistoryRange): Promise<CountsReport> {
    await this.flush();
    return this.alone(async () => {
      this.drain();
      const { shown, before } = bucketsOf(range, this.parts.now());
      const now = await this.ledger.read(shown);
      const earlier = await this.ledger.read(before);
      const { ms } = shown.resolution;
      return {
        range,
        step: ms,
        points: now.counts.map((counts, at) => pointOf((shown.first + at) * ms, counts)),
        now: periodOf(spanOf(shown), now.counts),
        before: earlier.counts.some(({ size }) => size > 0)
          ? periodOf(spanOf(before), earlier.counts)
          : undefined,
        shared: this.sharedCounts !== undefined,
        problem: now.problem ?? earlier.problem,
      };
    });
  }

  /** The counts of the current minute so far: cheap enough to be asked for every second. Never rejects. */
  minute(): Promise<CountsPoint> {
    return this.alone(async () => {
      this.drain();
      const { resolution, first, count } = bucketsOf("1h", this.parts.now()).shown;
      const current = { resolution, first: first + count - 1, count: 1 };
      const { counts } = await this.ledger.read(current);
      return pointOf(spanOf(current).from, counts[0] ?? new Map<string, number>());
    });
  }

  /** Finds recent events, newest first. Never rejects. */
  async events(query: EventQuery = {}): Promise<EventPage> {
    await this.loading;
    return this.recent.find(query);
  }

  /** What is most frequent among bad responses and refusals. Never rejects. */
  async top(range: TopRange): Promise<TopLists> {
    await this.loading;
    return this.tops.read(range);
  }

  status(): HistoryStatus {
    const shared = this.sharedCounts !== undefined;
    const { leftOut } = this.recent;
    return { shared, problem: this.problem, leftOut, lost: this.sharedCounts?.lost ?? 0 };
  }

  /** Shares what this instance has recorded, and saves it when that is due. Never rejects: {@link status} has the problem. */
  flush(): Promise<void> {
    return this.alone(async () => {
      const now = this.parts.now();
      const due = Math.abs(now - this.savedAt) >= SAVE_MS;
      await this.share(now, due);
      if (due) this.savedAt = now;
    });
  }

  /** Ends the recording, after sharing or saving what is recorded. May be called twice. */
  async close(): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    await this.alone(() => this.share(this.parts.now(), true));
    this.file?.close();
  }

  private async share(now: number, save: boolean): Promise<void> {
    this.drain();
    try {
      await this.ledger.flush(now);
      await this.recent.flush();
      if (save) {
        await this.tops.flush();
        await this.save();
      }
      this.problem = undefined;
    } catch (error) {
      this.problem = messageOf(error);
    }
  }

  private drain(): void {
    for (const [time, counts] of this.recorder.drain()) {
      this.changed = true;
      this.ledger.add(time, counts);
    }
  }

  private async load(): Promise<void> {
    for (const { counts, events, tops } of (await this.file?.takeOver()) ?? []) {
      this.book?.restore(counts);
      this.recent.restore(events);
      this.tops.restore(tops);
      this.changed = true;
    }
  }

  private async save(): Promise<void> {
    const { book, file } = this;
    if (book === undefined || file === undefined || !this.changed) return;
    this.changed = false;
    try {
      await file.write({ counts: book.kept(), events: this.recent.kept(), tops: this.tops.kept() });
    } catch (error) {
      this.changed = true;
      throw error;
    }
  }

  // One thing at a time: what is being sent is neither sent twice nor shown twice.
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.queue.then(async () => {
      await this.loading;
      return work();
    });
    this.queue = done.catch(() => undefined);
    return done;
  }
}

// What ends with this process needs no store.
function isTallyStore(store: Store): store is TallyStore {
  return store.tally !== undefined && store.tallies !== undefined && store.ephemeral !== true;
}
