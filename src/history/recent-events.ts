import { parseRange } from "../address/address.js";
import { messageOf } from "../errors.js";
import { GuardedStore } from "../store/guarded-store.js";
import type { Store } from "../store/store.js";
import { EventSegments } from "./event-segments.js";
import { EventShelf, type ShelfBounds } from "./event-shelf.js";
import {
  concerns,
  eventOf,
  type EventToKeep,
  type HistoryEvent,
  type HistoryEventType,
} from "./history-event.js";

/** Events that one flush shares of each shelf. */
const MAX_SHARED = 400;
/** How long events of other instances are remembered before they are read again, in ms. */
const READ_AGAIN_MS = 2000;
const MAX_PAGE = 500;

type ShelfName = "acts" | "refusals" | "challenges";

/** What was done to clients is rare and must outlive a flood of refusals and challenges, so each sort has a shelf of its own. */
const SHELVES: Readonly<Record<ShelfName, ShelfBounds & { readonly segments: number }>> = {
  acts: { maxBytes: 320_000, segments: 40, rate: { burst: 300, perSecond: 0.2 } },
  refusals: { maxBytes: 448_000, segments: 56, rate: { burst: 400, perSecond: 0.5 } },
  challenges: { maxBytes: 256_000, segments: 32, rate: { burst: 250, perSecond: 0.3 } },
};

const SHELF_OF: Readonly<Record<HistoryEventType, ShelfName>> = {
  banned: "acts",
  unbanned: "acts",
  fault: "acts",
  warning: "acts",
  denied: "refusals",
  failed: "refusals",
  challenged: "challenges",
};

/** Which events to return. All conditions given must hold. */
export interface EventQuery {
  /** The reference id that a page of ours has shown. */
  readonly id?: string | undefined;
  /** An address or a CIDR range. Events about a range that contains it are found, too. */
  readonly ip?: string | undefined;
  readonly types?: readonly HistoryEventType[] | undefined;
  readonly service?: string | undefined;
  readonly protection?: string | undefined;
  /** Returns the events behind this one: `next` of the page before. */
  readonly after?: string | undefined;
  /** Default 50, at most 500. */
  readonly limit?: number | undefined;
}

/** A page of events, newest first. */
export interface EventPage {
  readonly events: readonly HistoryEvent[];
  /** What to give as `after` for the next page; `undefined` = this was the last one. */
  readonly next: string | undefined;
  /** How many events this instance has left out since its start. */
  readonly leftOut: number;
  /** Why events of other instances may be missing. */
  readonly problem: string | undefined;
}

/** The newest events of all instances, bounded in number and bytes. */
export class RecentEvents {
  private readonly shelves: readonly {
    name: ShelfName;
    shelf: EventShelf;
    segments: EventSegments | undefined;
  }[];
  private number = 0;
  private elsewhere: readonly HistoryEvent[] = [];
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;
  private problem: string | undefined;

  /**
   * @param store shares the events; `undefined` = they stay in this process
   * @param by a unique name of this instance
   * @param now the clock, in ms
   */
  constructor(
    private readonly store: Store | undefined,
    private readonly by: string,
    private readonly now: () => number,
  ) {
    const guarded = store && new GuardedStore(store);
    this.shelves = (Object.keys(SHELVES) as ShelfName[]).map((name) => ({
      name,
      shelf: new EventShelf(SHELVES[name], now()),
      segments: guarded && new EventSegments(guarded, name, SHELVES[name].segments, by),
    }));
  }

  /** Keeps an event, or counts it as left out. */
  add(event: EventToKeep): void {
    this.shelfOf(event.type)?.add(event, `${this.by}-${(this.number++).toString(36).padStart(6, "0")}`);
  }

  /** How many events were left out since the start. */
  get leftOut(): number {
    return this.shelves.reduce((sum, { shelf }) => sum + shelf.leftOut, 0);
  }

  /** Shares new events with the other instances: a few writes, however many events there are. */
  async flush(): Promise<void> {
    for (const { shelf, segments } of this.shelves) {
      const events = segments === undefined ? [] : shelf.unsharedEvents(MAX_SHARED, this.now());
      if (segments !== undefined && events.length > 0) shelf.shared(await segments.append(events));
    }
  }

  /** Finds events, newest first. Never rejects. */
  async find(query: EventQuery): Promise<EventPage> {
    await this.readElsewhere();
    const { id, ip, types, service, protection, after, limit = 50 } = query;
    const range = ip === undefined ? undefined : parseRange(ip.trim());
    const from = after === undefined ? undefined : positionOf(after);
    const most = Math.max(1, Math.min(MAX_PAGE, Math.floor(limit) || 1));
    const found = this.all().filter(
      (event) =>
        (id === undefined || event.id === id) &&
        (ip === undefined || (range !== undefined && concerns(event, range))) &&
        (types === undefined || types.includes(event.type)) &&
        (service === undefined || event.service === service) &&
        (protection === undefined || event.protection === protection) &&
        (from === undefined || order(from, event) < 0),
    );
    const events = found.slice(0, most);
    const last = found.length > most ? events.at(-1) : undefined;
    const next = last && `${last.time}~${last.key}`;
    return { events, next, leftOut: this.leftOut, problem: this.problem };
  }

  /** The texts of the events of this process, for {@link restore}. */
  kept(): string[] {
    return this.shelves.flatMap(({ shelf }) => [...shelf.texts()]);
  }

  /** Takes back events that were kept before a restart; skips what is damaged. */
  restore(kept: unknown): void {
    for (const text of Array.isArray(kept) ? (kept as unknown[]) : []) {
      const event = typeof text === "string" && text.length < 2000 ? eventOf(text) : undefined;
      if (event !== undefined) this.shelfOf(event.type)?.restore(event, text as string);
    }
  }

  private shelfOf(type: HistoryEventType): EventShelf | undefined {
    return this.shelves.find(({ name }) => name === SHELF_OF[type])?.shelf;
  }

  // All events, each once, newest first.
  private all(): HistoryEvent[] {
    const own = this.kept().map(eventOf);
    const byKey = new Map<string, HistoryEvent>();
    for (const event of [...this.elsewhere, ...own]) if (event !== undefined) byKey.set(event.key, event);
    return [...byKey.values()].sort(order);
  }

  private readElsewhere(): Promise<void> {
    if (this.store === undefined || Math.abs(this.now() - this.readAt) < READ_AGAIN_MS)
      return Promise.resolve();
    return (this.reading ??= this.readSegments().finally(() => (this.reading = undefined)));
  }

  // A store that is away may read nothing where there is something: what was read before is better then.
  private async readSegments(): Promise<void> {
    this.problem = this.store?.problem;
    if (this.problem !== undefined) return;
    try {
      const read: HistoryEvent[] = [];
      for (const { segments } of this.shelves)
        for (const { event } of (await segments?.read()) ?? []) read.push(event);
      this.problem = this.store?.problem;
      if (this.problem !== undefined) return;
      this.elsewhere = read;
      this.readAt = this.now();
    } catch (error) {
      this.problem = messageOf(error);
    }
  }
}

// Newest first; events of the same time by their key.
function order(one: Pick<HistoryEvent, "time" | "key">, other: Pick<HistoryEvent, "time" | "key">): number {
  return other.time - one.time || (one.key < other.key ? 1 : one.key > other.key ? -1 : 0);
}

function positionOf(after: string): Pick<HistoryEvent, "time" | "key"> | undefined {
  const [, time, key = ""] = /^(\d{1,16})~(.{1,64})$/.exec(after) ?? [];
  return time === undefined ? undefined : { time: Number(time), key };
}
