import type { Namespace, StoreChange } from "../store/store.js";
import { withTimeout } from "../with-timeout.js";
import type { ChangeFeed } from "./change-feed.js";
import type { CircuitBreaker } from "./circuit-breaker.js";
import { RedisAwayError, type Commands } from "./commands.js";
import type { FallbackStore } from "./fallback-store.js";
import type { RecentBans } from "./recent-bans.js";
import { inOrder } from "./in-order.js";
import type { KeyNames } from "./key-names.js";
import { BUNKERWEB_BANS } from "./bunkerweb-keys.js";
import { scanned, WrongReplyError, type Page } from "./replies.js";
import { PAGE, READ } from "./scripts.js";

/** Keys per page: half a millisecond of the server's time. The first pages are smaller: programs are slow when they have just started. */
const PAGE_SIZE = 500;
const FIRST_PAGE_SIZE = 50;
const PAGE_GROWTH = 1.5;

/** How many indexes are asked for their first page before they are needed. */
const INDEXES_AHEAD = 3;

/** How long listings of a new store wait for the first connection, in ms. */
const FIRST_CONNECTION_MS = 1500;
/** How long a listing waits until changes are received, in ms: the feed gives up before. */
const FEED_DEADLINE_MS = 12_000;

/** What a listing reads of each key; `"heads"` = the value, of a ban without its evidence. */
export type Listed = "keys" | "values" | "heads";

/** What to list. */
interface Wanted {
  /** The start of the rest of the keys. */
  readonly prefix: string;
  readonly what: Listed;
}

/** The parts of the store that {@link KeyListing} uses. */
export interface KeyListingHooks {
  readonly breaker: CircuitBreaker;
  readonly commands: Commands;
  readonly fallback: FallbackStore;
  readonly feed: ChangeFeed;
  readonly names: KeyNames;
  readonly recent: RecentBans;
  /** Says in words why a call failed. */
  explain(error: unknown): string;
  /** Writes what a new master lacks, before bans are read from it. */
  checkServer(): Promise<void>;
}

/** Lists keys by the indexes of their namespace, one page per round trip. */
export class KeyListing {
  private readonly created = Date.now();
  private readonly names: KeyNames;
  private pageSize = FIRST_PAGE_SIZE;

  constructor(private readonly hooks: KeyListingHooks) {
    this.names = hooks.names;
  }

  /** The keys that {@link pages} lists, each once. */
  async *entries(namespace: Namespace, wanted: Wanted): AsyncGenerator<StoreChange, void, undefined> {
    for await (const page of this.pages(namespace, wanted)) yield* page;
  }

  /**
   * The keys of a namespace whose rest starts with `prefix`, with times to live and, if asked for, the string values. Includes
   * pending writes, since a ban must not end because Redis does not hold it yet, and the counters of this process.
   */
  async *pages(
    namespace: Namespace,
    wanted: Wanted,
  ): AsyncGenerator<readonly StoreChange[], void, undefined> {
    const { fallback, recent } = this.hooks;
    const { prefix } = wanted;
    await this.waitUntilReached();
    if (namespace === "ban") await this.hooks.checkServer();
    const began = Date.now();
    const found = new Set<string>();
    const own: StoreChange[] = [...fallback.pendingWrites(`${namespace}:${prefix}`)];
    for (const { key } of own) found.add(key);
    if (namespace === "hit")
      for await (const key of fallback.counterKeys(prefix)) {
        found.add(key);
        own.push({ key, value: undefined, ttl: 0 });
      }
    if (own.length > 0) yield own;
    const known = new Set(found);
    for await (const page of this.stored(namespace, wanted)) {
      if (!recent.isEmpty) for (const { key } of page) if (recent.has(key)) found.add(key);
      yield known.size === 0 ? page : page.filter(({ key }) => !known.has(key));
    }
    if (namespace === "ban" && prefix === "") recent.retain(found, began);
  }

  // A change between the listing and the start of the feed would be lost.
  private async waitUntilReached(): Promise<void> {
    const { breaker, commands, feed } = this.hooks;
    if (breaker.isOpen) throw new RedisAwayError(breaker.why);
    try {
      const patience = this.created + FIRST_CONNECTION_MS - Date.now();
      await withTimeout(commands.connected(), Math.max(commands.timeoutMs, patience));
      await withTimeout(feed.start(), FEED_DEADLINE_MS);
    } catch (error) {
      breaker.failed(error);
      throw new RedisAwayError(error, this.hooks.explain(error));
    }
  }

  private async *stored(
    namespace: Namespace,
    wanted: Wanted,
  ): AsyncGenerator<StoreChange[], void, undefined> {
    const { prefix } = wanted;
    const indexes = this.names.bucketsOf(prefix).flatMap((bucket) => {
      const { stem } = this.names.bucket(namespace, bucket);
      return this.names.indexesOf(namespace, bucket).map((index) => ({ index, stem }));
    });
    yield* inOrder(
      indexes.map((index) => this.index(namespace, index, wanted)),
      INDEXES_AHEAD,
    );
    if (this.names.bunkerweb && namespace === "ban") yield* this.bunkerwebBans(prefix);
  }

  private async *index(
    namespace: Namespace,
    { index, stem }: { readonly index: string; readonly stem: string },
    { prefix, what }: Wanted,
  ): AsyncGenerator<StoreChange[], void, undefined> {
    const pattern = prefix === "" ? "" : `${escaped(prefix)}*`;
    // Redis may return a key twice if the set is rehashed meanwhile. To an index that makes no difference.
    const seen = what === "heads" ? undefined : new Set<string>();
    const cursors = new Cursors();
    const ask = (): Promise<Page> => {
      const args = [cursors.current, pattern, String(this.pageSize), what];
      this.pageSize = Math.min(Math.ceil(this.pageSize * PAGE_GROWTH), PAGE_SIZE);
      return this.hooks.commands.page(PAGE, [index, stem], args);
    };
    let next = ask();
    do {
      const { cursor, entries } = await next;
      cursors.next(cursor);
      if (!cursors.isLast) {
        // Redis reads the next page while this one is being taken. Nobody may ask for it any more.
        next = ask();
        next.catch(() => undefined);
      }
      const listed: StoreChange[] = [];
      for (const { rest, left, value } of entries) {
        if (seen?.has(rest) === true) continue;
        seen?.add(rest);
        listed.push({ key: `${namespace}:${rest}`, value, ttl: secondsOf(left) ?? 0 });
      }
      yield listed;
    } while (!cursors.isLast);
  }

  // BunkerWeb has no index: SCAN finds its bans, as BunkerWeb does itself. Only to load bans, never for a request.
  private async *bunkerwebBans(prefix: string): AsyncGenerator<StoreChange[], void, undefined> {
    const seen = new Set<string>();
    const cursors = new Cursors();
    do {
      const scan = ["SCAN", cursors.current, "MATCH", `${BUNKERWEB_BANS}*`, "COUNT", String(PAGE_SIZE)];
      const { cursor, keys } = await this.hooks.commands.pageOf(scan, scanned);
      cursors.next(cursor);
      const fresh = keys.filter((data) => {
        const key = this.names.keyOf(data);
        return key?.startsWith(`ban:${prefix}`) === true && !seen.has(key) && seen.add(key);
      });
      yield await this.valuesOf(fresh);
    } while (!cursors.isLast);
  }

  // Takes names of keys in Redis, all of one server.
  private async valuesOf(names: readonly string[]): Promise<StoreChange[]> {
    if (names.length === 0) return [];
    const read = await this.hooks.commands.page(READ, names);
    if (read.length !== names.length)
      throw new RedisAwayError(new WrongReplyError(`${names.length} values`, read));
    const listed: StoreChange[] = [];
    for (const [at, data] of names.entries()) {
      const { left, value } = read[at] ?? { left: -2, value: undefined };
      const ttl = secondsOf(left);
      if (ttl !== undefined && value !== undefined)
        listed.push({ key: this.names.keyOf(data) as string, value, ttl });
    }
    return listed;
  }
}

/** The cursors of one listing. Redis never repeats one, so a listing ends. */
class Cursors {
  current = "0";
  private readonly used = new Set<string>();

  get isLast(): boolean {
    return this.current === "0";
  }

  next(cursor: string): void {
    if (cursor !== "0" && this.used.has(cursor))
      throw new RedisAwayError(new WrongReplyError("a new cursor", cursor));
    this.used.add(cursor);
    this.current = cursor;
  }
}

/** Converts a reply to PTTL to seconds: 0 = for ever, `undefined` = absent. */
export function secondsOf(ms: number): number | undefined {
  return ms === -2 ? undefined : ms === -1 ? 0 : Math.max(ms, 1) / 1000;
}

// Redis matches patterns; a prefix is literal.
function escaped(prefix: string): string {
  return prefix.replace(/[*?[\]\\^-]/g, "\\$&");
}
