import {
  StoreFullError,
  type HitOptions,
  type Hits,
  type Namespace,
  type Store,
  type StoreChange,
} from "../store/store.js";
import { bunkerwebCounter } from "./bunkerweb-keys.js";
import { ChangeFeed, changeMessage } from "./change-feed.js";
import type { RedisConnection } from "./clients/connection.js";
import { connectionOf } from "./clients/open-connection.js";
import { withTimeout } from "../with-timeout.js";
import { Commands, RedisAwayError } from "./commands.js";
import { BUCKETS, keysOf, KeyNames, type KeyLocation } from "./key-names.js";
import { WriteBehindQueue } from "./write-behind-queue.js";
import { KeyListing, secondsOf } from "./key-listing.js";
import { CircuitBreaker } from "./circuit-breaker.js";
import { budgetOf, readRedisOptions, type RedisResolved, type RedisStoreOptions } from "./redis-options.js";
import { DELETE, HIT, INCREMENT, PROBE, READ, WRITE, type Script } from "./scripts.js";
import { FallbackStore } from "./fallback-store.js";

/** For so long after its making a store's listings wait for the first connection, in ms. */
const PATIENCE_MS = 1500;

/**
 * Keeps everything in Redis, for all instances that share it. Every call is one round trip, atomic, and over within
 * `timeout`; changes made by any instance are told to all.
 *
 * While Redis is away, counters and spent ids are kept in this process and bans wait to be written, unless `fallback` is
 * `false`; what needs Redis (generated secrets, listings, unbans) fails.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` listing all that is wrong with the options
 * @throws {Error} `ERR_BUNKER_PACKAGE` when a `url` is given and neither `redis` nor `ioredis` is installed
 * @example new RedisStore({ url: "redis://127.0.0.1:6379" })
 */
export class RedisStore implements Store {
  /** Whether BunkerWeb reads the bans, which knows single addresses only. */
  readonly exactBans: boolean;
  private readonly options: RedisResolved;
  private readonly names: KeyNames;
  private readonly connection: RedisConnection;
  private readonly breaker: CircuitBreaker;
  private readonly commands: Commands;
  private readonly feed: ChangeFeed;
  private readonly listing: KeyListing;
  private readonly fallback = new FallbackStore();
  private readonly writeBehind: WriteBehindQueue;
  private readonly made = Date.now();
  private closed = false;

  constructor(options: RedisStoreOptions) {
    const setup = (this.options = readRedisOptions(options));
    this.exactBans = setup.bunkerweb;
    this.names = new KeyNames(setup.prefix, setup.bunkerweb);
    this.connection = connectionOf(setup);
    this.breaker = new CircuitBreaker({
      logger: setup.logger,
      probe: () => this.commands.probe(PROBE, [`${setup.prefix}probe:{0}`]),
      reconnect: () => this.connection.reconnect(),
      recover: () => this.recover(),
      // A ban that was made while the others were being written.
      closed: () => {
        if (this.fallback.hasPending) this.writeBehind.flushSoon();
      },
    });
    this.commands = new Commands(this.connection, setup.timeout, this.breaker);
    this.writeBehind = new WriteBehindQueue(this.commands, this.names, this.fallback);
    this.listing = new KeyListing(this.commands, this.names);
    this.feed = new ChangeFeed({
      connection: this.connection,
      names: this.names,
      read: (key) => this.read(key),
      publish: (channel, text) => this.commands.send(["PUBLISH", channel, text], channel),
    });
    void this.commands.connected().then(
      () => this.feed.start(),
      () => undefined,
    );
  }

  /** Resolves when Redis is reached and changes made elsewhere are heard of. Waits for ever while Redis is away. */
  async ready(): Promise<void> {
    await this.commands.connected();
    await this.feed.start();
  }

  async get(key: string): Promise<string | undefined> {
    const location = this.names.locate(key);
    return this.withFallback(
      async () => {
        const value = await this.commands.send(["GET", location.data], location.data).catch(noText);
        return typeof value === "string" ? value : undefined;
      },
      () => this.fallback.get(key),
    );
  }

  async ttl(key: string): Promise<number | undefined> {
    const location = this.names.locate(key);
    return secondsOf(Number(await this.commands.send(["PTTL", location.data], location.data)));
  }

  /** @throws {StoreFullError} when a new `spent` key finds no room */
  async set(key: string, value: string, ttl = 0): Promise<void> {
    const location = this.names.locate(key);
    // What waited under this key is older.
    this.fallback.discard(key);
    await this.withFallback<unknown>(
      () => this.write(location, value, ttl, ""),
      () => {
        this.fallback.set(key, value, checked(ttl));
        if (this.fallback.hasPending && !this.breaker.isOpen) this.writeBehind.flushSoon();
      },
    );
  }

  /** @throws {StoreFullError} when a new `spent` key finds no room */
  async add(key: string, value: string, ttl: number): Promise<boolean> {
    const location = this.names.locate(key);
    if (this.fallback.hasSpent(key)) return false;
    return this.withFallback(
      () => this.write(location, value, ttl, "add"),
      () => this.fallback.add(key, value, checked(ttl)),
    );
  }

  /** @throws {TypeError} when `key` holds something else than a whole number */
  async increment(key: string, by: number, ttl: number): Promise<number> {
    if (!Number.isSafeInteger(by)) throw new RangeError(`increments are whole numbers, not ${by}`);
    const location = this.names.locate(key);
    return this.withFallback(
      async () => {
        const sum = await this.update(INCREMENT, location, String(by), ttl, "");
        return Number(Array.isArray(sum) ? sum[0] : full(location.namespace));
      },
      () => this.fallback.increment(key, by, checked(ttl)),
    );
  }

  /** @throws {TypeError} when `key` holds something else than hits */
  async hit(key: string, window: number, limit: number, options: HitOptions = {}): Promise<Hits> {
    const { weight = 1, note } = options;
    if (!(window > 0) || !(limit >= 1) || !Number.isSafeInteger(weight) || weight < 1) {
      throw new RangeError(
        `hit needs a window above 0 s, a limit from 1 and a whole weight from 1, not ${window}, ${limit}, ${weight}`,
      );
    }
    const location = this.names.locate(key);
    return this.withFallback(
      async () => {
        const args = [location.rest, String(window * 1000), String(Math.floor(limit)), String(weight)];
        const [most, evict] = this.budget(location);
        const shared = this.options.bunkerwebCounters ? bunkerwebCounter(location.rest) : undefined;
        const keys = shared === undefined ? keysOf(location) : [...keysOf(location), shared];
        const found = await this.commands.run(HIT, keys, [
          ...args,
          note === undefined ? "" : `:${note}`,
          most,
          evict,
          this.names.channel(location.namespace),
        ]);
        const [count, ...notes] = Array.isArray(found) ? (found as unknown[]) : full(location.namespace);
        return { count: Number(count), notes: notes.map(String) };
      },
      () => this.fallback.hit(key, window, limit, options),
    );
  }

  async delete(key: string): Promise<boolean> {
    const location = this.names.locate(key);
    this.fallback.discard(key);
    return this.withFallback(
      async () => {
        const gone = await this.announcing(location, 0, (news) =>
          this.commands.run(DELETE, keysOf(location), [
            location.rest,
            this.names.channel(location.namespace),
            news,
          ]),
        );
        return Number(gone) === 1;
      },
      () => this.fallback.delete(key),
    );
  }

  async *keys(namespace: Namespace, prefix = ""): AsyncGenerator<string, void, undefined> {
    for await (const { key } of this.list(namespace, prefix, false)) yield key;
  }

  async *entries(namespace: Namespace, prefix = ""): AsyncGenerator<StoreChange, void, undefined> {
    yield* this.list(namespace, prefix, true);
  }

  watch(namespace: Namespace, listener: (change: StoreChange) => void, onGap?: () => void): () => void {
    return this.feed.watch(namespace, listener, onGap);
  }

  /** Ends the connections that the store opened; a client that it was given stays open. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.breaker.close();
    this.commands.close();
    this.feed.close();
    this.writeBehind.close();
    this.fallback.close();
    this.connection.close();
  }

  // What waits to be written is there already: a ban must not end because Redis has not heard of it yet.
  private async *list(
    namespace: Namespace,
    prefix: string,
    values: boolean,
  ): AsyncGenerator<StoreChange, void, undefined> {
    await this.waitUntilReached();
    const waiting = new Set<string>();
    for (const one of this.fallback.pendingWrites(`${namespace}:${prefix}`)) {
      waiting.add(one.key);
      yield one;
    }
    for await (const one of this.listing.entries(namespace, prefix, values))
      if (!waiting.has(one.key)) yield one;
  }

  // What changed between a listing and the moment from which changes are heard would be lost.
  private async waitUntilReached(): Promise<void> {
    if (this.breaker.isOpen) throw new RedisAwayError("Redis is away");
    try {
      await withTimeout(this.ready(), Math.max(this.options.timeout, this.made + PATIENCE_MS - Date.now()));
    } catch (error) {
      this.breaker.failed(error);
      throw new RedisAwayError(error);
    }
  }

  private async withFallback<T>(work: () => Promise<T>, instead: () => T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RedisAwayError && this.options.fallback) return instead();
      throw error;
    }
  }

  private async write(location: KeyLocation, value: string, ttl: number, how: "add" | ""): Promise<boolean> {
    const written = Number(await this.update(WRITE, location, value, ttl, how));
    return written === -1 ? full(location.namespace) : written === 1;
  }

  private update(
    script: Script,
    location: KeyLocation,
    value: string,
    ttl: number,
    how: "add" | "",
  ): Promise<unknown> {
    const ms = Math.ceil(checked(ttl) * 1000);
    const channel = this.names.channel(location.namespace);
    return this.announcing(location, ms, (news) =>
      this.commands.run(script, keysOf(location), [
        location.rest,
        value,
        String(ms),
        channel,
        news,
        ...this.budget(location),
        how,
      ]),
    );
  }

  // A write is over when those who watch here have been told of it, in Redis's order: nobody sees an older state afterwards.
  private async announcing(
    location: KeyLocation,
    ms: number,
    write: (news: string) => Promise<unknown>,
  ): Promise<unknown> {
    const sent = this.feed.expect(location.namespace);
    try {
      const answer = await write(changeMessage(location.rest, ms, sent?.tag));
      if (answer !== 0 && answer !== -1 && sent !== undefined)
        await withTimeout(sent.delivered, this.options.timeout).catch(() => undefined);
      return answer;
    } finally {
      sent?.cancel();
    }
  }

  private budget({ namespace }: KeyLocation): [most: string, evict: string] {
    return [String(budgetOf(this.options, namespace, BUCKETS)), namespace === "spent" ? "" : "evict"];
  }

  private async read(key: string): Promise<{ value: string; ttl: number } | undefined> {
    const { data } = this.names.locate(key);
    const [left, value] = (await this.commands.run(READ, [data], [])) as [number, string | null];
    const ttl = secondsOf(left);
    return ttl === undefined || typeof value !== "string" ? undefined : { value, ttl };
  }

  // Redis takes writes again: what waited is written before anybody reads.
  private async recover(): Promise<string> {
    const written = await this.writeBehind.flush();
    const lost = this.fallback.takeDropped();
    this.fallback.resetCounters();
    void this.feed.check();
    return `${written > 0 ? `; ${written} keys that waited were written` : ""}${lost > 0 ? `; ${lost} found no room to wait` : ""}`;
  }
}

function checked(ttl: number): number {
  if (!(ttl >= 0) || ttl === Infinity)
    throw new RangeError(`a time to live is a number of seconds from 0, not ${ttl}`);
  return ttl;
}

function full(namespace: Namespace): never {
  throw new StoreFullError(namespace);
}

// Hits have no text: they are read by hitting.
function noText(error: unknown): undefined {
  if (!(error instanceof TypeError)) throw error;
}
