import type { Namespace, StoreChange } from "../store/store.js";
import { withTimeout } from "../with-timeout.js";
import type { ChangeFeed } from "./change-feed.js";
import type { CircuitBreaker } from "./circuit-breaker.js";
import { RedisAwayError, type Commands } from "./commands.js";
import type { FallbackStore } from "./fallback-store.js";
import type { RecentBans } from "./recent-bans.js";
import type { KeyNames } from "./key-names.js";
import { BUNKERWEB_BANS } from "./bunkerweb-keys.js";
import { scanned, WrongReplyError } from "./replies.js";
import { PAGE, READ } from "./scripts.js";

/** Keys per page: about a millisecond of the server's time. */
const PAGE_SIZE = 1000;

/** How long listings of a new store wait for the first connection, in ms. */
const FIRST_CONNECTION_MS = 1500;
/** How long a listing waits until changes are received, in ms: the feed gives up before. */
const FEED_DEADLINE_MS = 12_000;

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

  constructor(private readonly hooks: KeyListingHooks) {
    this.names = hooks.names;
  }

  /**
   * The keys of a namespace whose rest starts with `prefix`, with times to live and, if `values`, the string values. Includes
   * pending writes, since a ban must not end because Redis does not hold it yet, and the counters of this process.
   */
  async *entries(
    namespace: Namespace,
    prefix: string,
    values: boolean,
  ): AsyncGenerator<StoreChange, void, undefined> {
    const { fallback, recent } = this.hooks;
    await this.waitUntilReached();
    if (namespace === "ban") await this.hooks.checkServer();
    const began = Date.now();
    const found = new Set<string>();
    for (const write of fallback.pendingWrites(`${namespace}:${prefix}`)) {
      found.add(write.key);
      yield write;
    }
    if (namespace === "hit")
      for await (const key of fallback.counterKeys(prefix)) {
        found.add(key);
        yield { key, value: undefined, ttl: 0 };
      }
    for await (const entry of this.stored(namespace, prefix, values)) {
      if (found.has(entry.key)) continue;
      if (recent.has(entry.key)) found.add(entry.key);
      yield entry;
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
    prefix: string,
    values: boolean,
  ): AsyncGenerator<StoreChange, void, undefined> {
    for (const bucket of this.names.bucketsOf(prefix)) {
      const { stem } = this.names.bucket(namespace, bucket);
      for (const index of this.names.indexesOf(namespace, bucket))
        yield* this.index(namespace, { index, stem }, prefix, values);
    }
    if (this.names.bunkerweb && namespace === "ban") yield* this.bunkerwebBans(prefix);
  }

  private async *index(
    namespace: Namespace,
    { index, stem }: { readonly index: string; readonly stem: string },
    prefix: string,
    values: boolean,
  ): AsyncGenerator<StoreChange, void, undefined> {
    const pattern = `${escaped(prefix)}*`;
    // Redis may return a key twice if the set is rehashed meanwhile.
    const seen = new Set<string>();
    const cursors = new Cursors();
    do {
      const args = [cursors.current, pattern, String(PAGE_SIZE), values ? "values" : ""];
      const { cursor, entries } = await this.hooks.commands.page(PAGE, [index, stem], args);
      cursors.next(cursor);
      for (const { rest, left, value } of entries) {
        if (seen.has(rest)) continue;
        seen.add(rest);
        yield { key: `${namespace}:${rest}`, value, ttl: secondsOf(left) ?? 0 };
      }
    } while (!cursors.isLast);
  }

  // BunkerWeb has no index: SCAN finds its bans, as BunkerWeb does itself. Only to load bans, never for a request.
  private async *bunkerwebBans(prefix: string): AsyncGenerator<StoreChange, void, undefined> {
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
      if (fresh.length === 0) continue;
      const read = await this.hooks.commands.page(READ, fresh);
      if (read.length !== fresh.length)
        throw new RedisAwayError(new WrongReplyError(`${fresh.length} values`, read));
      for (const [at, data] of fresh.entries()) {
        const { left, value } = read[at] ?? { left: -2, value: undefined };
        const ttl = secondsOf(left);
        if (ttl !== undefined && value !== undefined)
          yield { key: this.names.keyOf(data) as string, value, ttl };
      }
    } while (!cursors.isLast);
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
