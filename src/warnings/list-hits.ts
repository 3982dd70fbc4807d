import type { MeteredRequest, Refusal } from "../meter.js";
import { NOTICE, type SignContext } from "./sign.js";

const WINDOW_MS = 600_000;
const MIN_CLIENTS = 20;
/** So many times the usual number is sudden. */
const SUDDEN = 5;
/** What is usual is known after this time. */
const WARM_MS = 3_600_000;
const WEIGHT = 0.15;
const MAX_LISTS = 32;
const MAX_CLIENTS = 1000;

interface Hits {
  window: number;
  readonly clients: Set<string>;
  /** The usual number of clients in a window. */
  usual: number;
}

/** A DNSBL zone or BunkerNet's list refuses many more clients than usual: an attack, or a list that went wrong. */
export class ListHits {
  private readonly lists = new Map<string, Hits>();
  private readonly since: number;

  constructor(private readonly context: SignContext) {
    this.since = context.now();
  }

  refused({ protection, data }: Refusal, { ip }: MeteredRequest): void {
    const { events, now } = this.context;
    const time = now();
    const name = protection === "dnsbl" ? zoneOf(data) : "BunkerNet";
    const hits = this.hitsOf(name, Math.floor(time / WINDOW_MS));
    if (hits === undefined || hits.clients.has(ip) || hits.clients.size >= MAX_CLIENTS) return;
    hits.clients.add(ip);
    const { size } = hits.clients;
    if (size < MIN_CLIENTS || size < hits.usual * SUDDEN || time - this.since < WARM_MS) return;
    // That a list has a large share of all clients is told already.
    if (events.hasAlarm("WRN_BUNKER_MASS_BAN", name)) return;
    events.warn(
      "WRN_BUNKER_LIST_HITS",
      `${name} refuses many clients at once: ${size} within ten minutes, usually about ${Math.round(hits.usual)}; it is an attack, or the list has gone wrong`,
      name,
      NOTICE,
    );
  }

  private hitsOf(name: string, window: number): Hits | undefined {
    let hits = this.lists.get(name);
    if (hits === undefined) {
      if (this.lists.size >= MAX_LISTS) return undefined;
      this.lists.set(name, (hits = { window, clients: new Set(), usual: 0 }));
    }
    if (window !== hits.window) {
      const passed = Math.max(1, window - hits.window);
      hits.usual += WEIGHT * (hits.clients.size - hits.usual);
      hits.usual *= (1 - WEIGHT) ** (passed - 1);
      hits.clients.clear();
      hits.window = window;
    }
    return hits;
  }
}

function zoneOf(data: unknown): string {
  const { zone } = (data ?? {}) as { readonly zone?: unknown };
  return typeof zone === "string" ? zone : "DNSBL";
}
