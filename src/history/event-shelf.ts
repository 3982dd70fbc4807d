import { clientOf, textOf, type EventToKeep, type HistoryEvent } from "./history-event.js";
import { TokenBucket } from "../token-bucket.js";

/** How many events of one client are kept, besides its latest. */
const EVENTS_PER_CLIENT = 7;
/** How many of them are taken, and shared with other instances: the first ones, and then one a minute. */
const CLIENT_RATE = { burst: EVENTS_PER_CLIENT, perSecond: 1 / 60 };

/** A kept event: only what is needed to find it is not part of the text. */
interface Kept {
  readonly key: string;
  readonly client: string;
  readonly text: string;
  readonly bytes: number;
}

interface ClientEvents {
  readonly keys: string[];
  readonly rate: TokenBucket;
  /** The latest event, while more come than are taken. Its text is only made when it is read. */
  latest: { readonly event: EventToKeep; readonly key: string } | undefined;
  /** How many were left out. */
  left: number;
}

/** The bounds of an {@link EventShelf}. */
export interface ShelfBounds {
  readonly maxBytes: number;
  /** How many clients that are not known yet, and events to share, are taken. */
  readonly rate: { readonly burst: number; readonly perSecond: number };
}

/**
 * The newest events of one sort. The newest of each client are kept in preference to more of another: one that comes again and again
 * replaces its own. Under a flood of many clients only a sample is taken, so that older events are not lost within moments.
 */
export class EventShelf {
  /** How many events were left out since the start. */
  leftOut = 0;
  /** By key, oldest first. */
  private readonly events = new Map<string, Kept>();
  private readonly clients = new Map<string, ClientEvents>();
  private readonly unshared = new Set<string>();
  private readonly rate: TokenBucket;
  private bytes = 0;

  /** @param now the time in ms */
  constructor(
    private readonly bounds: ShelfBounds,
    now: number,
  ) {
    this.rate = new TokenBucket(bounds.rate, now);
  }

  /** Keeps an event, or counts it as left out. */
  add(event: EventToKeep, key: string): void {
    const client = clientOf(event);
    const { time } = event;
    let known = this.clients.get(client);
    const isNew = known === undefined;
    if (isNew && !this.rate.take(time)) {
      this.leftOut++;
      return;
    }
    known ??= this.newClient(client, time);
    if (known.latest !== undefined) this.leaveOut(known);
    const isFull = known.keys.length >= EVENTS_PER_CLIENT;
    const isTaken = known.rate.take(time) && (isNew || this.rate.take(time));
    if (isFull && !isTaken) known.latest = { event, key };
    else this.take(known, client, { event, key }, isTaken);
  }

  /** Takes back an event that was kept before a restart. */
  restore(event: HistoryEvent, text: string): void {
    const { key, time } = event;
    if (this.events.has(key)) return;
    const client = clientOf(event);
    const known = this.clients.get(client) ?? this.newClient(client, time);
    if (known.keys.length < EVENTS_PER_CLIENT)
      this.put({ key, client, text, bytes: Buffer.byteLength(text) }, known);
  }

  /** The texts of all events: oldest first, then the latest of those who come again and again. */
  *texts(): Generator<string, void, undefined> {
    for (const { text } of this.events.values()) yield text;
    for (const { latest, left } of this.clients.values())
      if (latest !== undefined) yield textOf(latest.event, latest.key, left);
  }

  /** The first events that other instances have not been told of yet, oldest first. */
  unsharedEvents(max: number, now: number): { key: string; text: string }[] {
    for (const [client, known] of this.clients) {
      const { latest } = known;
      if (latest === undefined || !known.rate.take(now) || !this.rate.take(now)) continue;
      known.latest = undefined;
      this.take(known, client, latest, true);
    }
    const found: { key: string; text: string }[] = [];
    for (const key of this.unshared) {
      if (found.length >= max) break;
      const kept = this.events.get(key);
      if (kept !== undefined) found.push(kept);
    }
    return found;
  }

  /** Notes that other instances were told of events. */
  shared(keys: Iterable<string>): void {
    for (const key of keys) this.unshared.delete(key);
  }

  private newClient(client: string, now: number): ClientEvents {
    const made = { keys: [], rate: new TokenBucket(CLIENT_RATE, now), latest: undefined, left: 0 };
    this.clients.set(client, made);
    return made;
  }

  // Keeps an event, in place of the client's oldest one if it has enough.
  private take(
    known: ClientEvents,
    client: string,
    { event, key }: { readonly event: EventToKeep; readonly key: string },
    share: boolean,
  ): void {
    const [oldest] = known.keys;
    if (known.keys.length >= EVENTS_PER_CLIENT && oldest !== undefined) {
      this.remove(oldest);
      this.leaveOut(known);
    }
    const text = textOf(event, key, known.left);
    if (share) this.unshared.add(key);
    this.put({ key, client, text, bytes: Buffer.byteLength(text) }, known);
  }

  private leaveOut(known: ClientEvents): void {
    known.latest = undefined;
    known.left++;
    this.leftOut++;
  }

  private put(kept: Kept, known: ClientEvents): void {
    this.events.set(kept.key, kept);
    known.keys.push(kept.key);
    this.bytes += kept.bytes;
    for (const [oldest] of this.events) {
      if (this.bytes <= this.bounds.maxBytes) break;
      this.remove(oldest);
    }
  }

  private remove(key: string): void {
    const kept = this.events.get(key);
    if (kept === undefined) return;
    this.events.delete(key);
    this.unshared.delete(key);
    this.bytes -= kept.bytes;
    const known = this.clients.get(kept.client);
    known?.keys.splice(known.keys.indexOf(key), 1);
    if (known?.keys.length === 0) this.clients.delete(kept.client);
  }
}
