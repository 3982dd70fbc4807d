import type { GuardedStore } from "../store/guarded-store.js";
import { eventOf, type HistoryEvent } from "./history-event.js";

/** The longest segment, in bytes. */
const SEGMENT_BYTES = 8000;
/** Segments that one call writes. */
const MAX_WRITES = 16;
/** Segments that are read at once. */
const READS_AT_ONCE = 32;
/** How long a segment is kept after it was written to, in seconds. */
const TTL = 31 * 86_400;

/** The segment that this instance adds to. */
interface Open {
  readonly number: number;
  texts: string[];
  bytes: number;
  written: boolean;
}

/**
 * A ring of segments in the store, in which all instances keep events. An instance takes the next segment, writes events into it until it
 * is full, and takes the next one again: the oldest segments are replaced. A write is one segment, not one event.
 */
export class EventSegments {
  private open: Open | undefined;

  /**
   * @param size how many segments there are
   * @param by a unique name of this instance
   */
  constructor(
    private readonly store: GuardedStore,
    private readonly name: string,
    private readonly size: number,
    private readonly by: string,
  ) {}

  /** Adds events, oldest first. Returns the keys of those that were written; the others may be given again. */
  async append(events: readonly { key: string; text: string }[]): Promise<string[]> {
    const written: string[] = [];
    let at = 0;
    for (let writes = 0; at < events.length && writes < MAX_WRITES; writes++) {
      const open = (this.open = await this.current());
      const before = { texts: open.texts, bytes: open.bytes };
      open.texts = [...open.texts];
      const keys: string[] = [];
      for (let event = events[at]; event !== undefined; event = events[++at]) {
        const bytes = Buffer.byteLength(event.text) + 1;
        if (open.texts.length > 0 && open.bytes + bytes > SEGMENT_BYTES) break;
        open.texts.push(event.text);
        open.bytes += bytes;
        keys.push(event.key);
      }
      try {
        if (keys.length > 0) await this.write(open);
      } catch (error) {
        Object.assign(open, before);
        throw error;
      }
      written.push(...keys);
      if (at < events.length) this.open = undefined;
    }
    return written;
  }

  /** The events in all segments, in no order. */
  async read(): Promise<{ event: HistoryEvent; text: string }[]> {
    const keys = Array.from({ length: this.size }, (_, slot) => this.key(slot));
    const texts: (string | undefined)[] = [];
    for (let at = 0; at < keys.length; at += READS_AT_ONCE)
      texts.push(
        ...(await Promise.all(keys.slice(at, at + READS_AT_ONCE).map(async (key) => this.store.get(key)))),
      );
    return texts.flatMap((text) => (text === undefined ? [] : eventsIn(text)));
  }

  // The segment to add to. Another instance may have replaced it since it was written.
  private async current(): Promise<Open> {
    const { open } = this;
    if (open !== undefined) {
      const found = open.written ? await this.store.get(this.key(open.number)) : undefined;
      if (!open.written || found?.startsWith(this.head(open)) === true) return open;
    }
    const number = await this.store.increment(`hit:history|events|${this.name}`, 1, TTL);
    return { number, texts: [], bytes: 0, written: false };
  }

  private async write(open: Open): Promise<void> {
    await this.store.set(this.key(open.number), `${this.head(open)}${open.texts.join(",")}]}`, TTL);
    open.written = true;
  }

  private head({ number }: Open): string {
    return `{"number":${number},"by":${JSON.stringify(this.by)},"events":[`;
  }

  private key(number: number): string {
    return `hit:history|events|${this.name}|${number % this.size}`;
  }
}

function eventsIn(text: string): { event: HistoryEvent; text: string }[] {
  try {
    const { events } = JSON.parse(text) as { readonly events?: unknown };
    return (Array.isArray(events) ? (events as unknown[]) : []).flatMap((one) => {
      const own = JSON.stringify(one);
      const event = eventOf(own);
      return event === undefined ? [] : [{ event, text: own }];
    });
  } catch {
    return [];
  }
}
