import { randomUUID } from "node:crypto";
import { HOUR_MS } from "../events/active-warnings.js";
import { EventBus } from "../events/event-bus.js";
import { checkHit, validTtl } from "../store/arguments.js";
import { VOID_PREFIX } from "../store/mark-key.js";
import { StoreScope } from "../store/store-scope.js";
import type {
  BanWrite,
  HitOptions,
  Hits,
  Namespace,
  Store,
  StoreChange,
  TallyOptions,
} from "../store/store.js";
import { bunkerwebCounter } from "./bunkerweb-keys.js";
import { endedMarks } from "./ban-marks.js";
import { CallTimeout, MAX_TIMEOUT_MS } from "./call-timeout.js";
import { ChangeFeed } from "./change-feed.js";
import { CircuitBreaker } from "./circuit-breaker.js";
import type { RedisConnection } from "./clients/connection.js";
import { connectionOf } from "./clients/open-connection.js";
import { Commands, RedisAwayError } from "./commands.js";
import { failureCause } from "./failure-cause.js";
import { clientOf, FallbackStore, type PendingWrite } from "./fallback-store.js";
import { KeyListing, secondsOf } from "./key-listing.js";
import { keysOf, KeyNames } from "./key-names.js";
import { full, KeyWriter } from "./key-writer.js";
import { RecentBans } from "./recent-bans.js";
import { readRedisOptions, type RedisResolved, type RedisStoreOptions } from "./redis-options.js";
import { integer, textOrNull, timeToLive } from "./replies.js";
import { HIT, PROBE, READ } from "./scripts.js";
import { ServerClock } from "./server-clock.js";
import { TallyKeys } from "./tally-keys.js";
import { WriteBehindQueue } from "./write-behind-queue.js";

/** How warnings about Redis are told: the store's own logger has logged them. */
const AWAY = { isLogged: true, again: 0 } as const;
const SLOW = { ...AWAY, lasts: HOUR_MS } as const;

/**
 * Holds everything in Redis, for all instances that share it. Every call is one round trip, atomic, and ends within
 * `timeout`; every instance is notified of the changes that others make.
 *
 * While Redis is away, counters and used challenge ids are kept in this process and bans are written later, unless `fallback`
 * is `false`; calls that need Redis (generated secrets, listings, unbans) fail.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` listing all invalid options
 * @throws {Error} `ERR_BUNKER_PACKAGE` if a `url` is given and neither `redis` nor `ioredis` is installed
 * @example new RedisStore({ url: "redis://127.0.0.1:6379" })
 */
export class RedisStore implements Store {
  /** Whether bans are shared with BunkerWeb, which knows only single addresses. */
  readonly exactBans: boolean;
  private readonly options: RedisResolved;
  private readonly names: KeyNames;
  private readonly connection: RedisConnection;
  private readonly breaker: CircuitBreaker;
  private readonly timeout: CallTimeout;
  private readonly commands: Commands;
  private readonly feed: ChangeFeed;
  private readonly listing: KeyListing;
  private readonly fallback = new FallbackStore();
  private readonly recent: RecentBans;
  private readonly clock: ServerClock;
  private readonly writer: KeyWriter;
  private readonly counters: TallyKeys;
  private readonly writeBehind = new WriteBehindQueue(this.fallback, (pending) =>
    this.writer.writePending(pending),
  );
  private closed = false;

  constructor(options: RedisStoreOptions) {
    const { bunkerweb, logger, prefix, timeout } = (this.options = readRedisOptions(options));
    this.exactBans = bunkerweb;
    this.names = new KeyNames(prefix, bunkerweb);
    this.connection = connectionOf(this.options);
    const explain = (error: unknown): string => this.explain(error);
    this.breaker = new CircuitBreaker({
      logger,
      explain,
      probe: () => this.commands.probe(PROBE, [`${prefix}probe:{0}`]),
      reconnect: () => this.connection.reconnect(),
      recover: () => this.recover(),
      warned: (message, about) =>
        this.events.warn("WRN_BUNKER_REDIS", message, about, about === "away" ? AWAY : SLOW),
      // A ban may have been added while the others were being written.
      closed: () => {
        this.events.endWarning("WRN_BUNKER_REDIS", "away");
        if (this.fallback.hasPending) this.writeBehind.flushSoon();
      },
    });
    this.timeout = new CallTimeout(timeout, (roundTrip) => this.warnOfRoundTrip(roundTrip));
    this.commands = new Commands(this.connection, this.timeout, this.breaker, explain);
    this.feed = new ChangeFeed({
      connection: this.connection,
      names: this.names,
      read: (key) => this.read(key),
      publish: (channel, text) => {
        const { canTrack, cluster } = this.connection;
        void this.clock.learn();
        if (!canTrack && !cluster) this.recent.lookForFlush().catch(() => undefined);
        return this.commands.send(["PUBLISH", channel, text], channel, integer);
      },
      flushed: () => this.recent.wasFlushed(),
      changed: (change) => this.recent.record(change),
    });
    // Its counters here are forgotten by all instances once a ban was lifted by one.
    this.feed.watch("ban", ({ key, value }) => {
      if (value === undefined) this.fallback.forgetCounters(clientOf(key));
    });
    const { breaker, commands, fallback, feed, names } = this;
    this.clock = new ServerClock(commands, (message) => {
      if (logger !== false) logger.warn("WRN_BUNKER_CLOCK", message);
      this.events.warn("WRN_BUNKER_CLOCK", message, "", { isLogged: true });
    });
    this.recent = new RecentBans({
      commands,
      logger,
      markKey: `${prefix}mark:${randomUUID()}`,
      writeMissing: (write) => this.writer.writeMissing(write),
    });
    const { recent } = this;
    const checkServer = (): Promise<void> => this.checkServer();
    this.listing = new KeyListing({ breaker, commands, fallback, feed, names, recent, checkServer, explain });
    this.writer = new KeyWriter({ commands, names, feed, recent, options: this.options });
    this.counters = new TallyKeys({ commands, names, writer: this.writer });
    void this.commands
      .connected()
      .then(
        () => Promise.all([feed.start(), this.checkServer(), this.clock.learn()]),
        () => undefined,
      )
      .catch(() => undefined);
  }

  /** Resolves when Redis is reached and changes by other instances are received. Stays pending while Redis is away. */
  async ready(): Promise<void> {
    await this.commands.connected();
    await Promise.all([this.feed.start(), this.clock.learn()]);
  }

  /** The time in ms since 1970 on the clock of Redis, so that instances agree about it; this machine's until Redis was asked. */
  now(): number {
    return this.clock.now();
  }

  /** What is wrong with Redis or the way to it, in words and with the setting to look at; `undefined` = nothing. */
  get problem(): string | undefined {
    const { breaker, connection } = this;
    if (breaker.isOpen) return breaker.why;
    if (connection.isReady() || connection.problem === undefined || this.closed) return undefined;
    return `Redis is not reached (${this.explain(connection.problem)})`;
  }

  /** How many writes wait here until Redis is back; those that expire meanwhile are dropped later. */
  get pendingWrites(): number {
    return this.fallback.pendingCount;
  }

  async get(key: string): Promise<string | undefined> {
    const { data } = this.names.locate(key);
    const pending = this.fallback.pendingValue(key);
    if (pending !== undefined) return pending;
    return this.withFallback(
      () => this.commands.send(["GET", data], data, textOrNull).catch(noText),
      () => this.fallback.get(key),
    );
  }

  async ttl(key: string): Promise<number | undefined> {
    const { data } = this.names.locate(key);
    return secondsOf(await this.commands.send(["PTTL", data], data, timeToLive));
  }

  /** @throws {StoreFullError} when a new `spent` key is refused */
  async set(key: string, value: string, ttl = 0): Promise<void> {
    // A pending write of this key is older.
    this.fallback.discard(key);
    await this.withFallback<unknown>(
      () => this.writer.write({ key, value, ttl }, "set"),
      () => this.keepForLater({ key, value, ttl }),
    );
  }

  /** @throws {StoreFullError} when a new `spent` key is refused */
  async add(key: string, value: string, ttl: number): Promise<boolean> {
    if (this.fallback.hasSpent(key)) return false;
    return this.withFallback(
      async () => (await this.writer.write({ key, value, ttl }, "add")) !== 0,
      () => this.fallback.add(key, value, validTtl(ttl)),
    );
  }

  /** @throws {StoreFullError} when a new ban is refused */
  async writeBan(ban: BanWrite, mode: "set" | "add"): Promise<boolean> {
    if (mode === "set") this.fallback.discard(ban.key);
    return this.withFallback(
      async () => (await this.writer.write(ban, mode)) !== 0,
      () => {
        // One instance cannot decide what all must agree on.
        if (mode === "add") throw new RedisAwayError(this.breaker.why ?? "Redis is away");
        this.keepForLater(ban);
        return true;
      },
    );
  }

  /** @throws {TypeError} when `key` does not hold a whole number */
  async increment(key: string, by: number, ttl: number): Promise<number> {
    if (!Number.isSafeInteger(by)) throw new RangeError(`increments must be whole numbers, not ${by}`);
    const count = (): number => this.fallback.increment(key, by, validTtl(ttl));
    // A counter that began here in an outage goes on here until it expires; the larger number holds.
    const own = this.fallback.counts(key) ? count() : undefined;
    return this.withFallback(
      async () => {
        const sum = await this.writer.write({ key, value: String(by), ttl }, "increment");
        return Math.max(Number(typeof sum === "number" ? sum : sum[0]), own ?? -Infinity);
      },
      () => own ?? count(),
    );
  }

  /** @throws {TypeError} when `key` does not hold hits */
  async hit(key: string, window: number, limit: number, options: HitOptions = {}): Promise<Hits> {
    const { weight = 1, note } = options;
    checkHit(window, limit, weight);
    const location = this.names.locate(key);
    const { rest, namespace } = location;
    const count = (): Hits => this.fallback.hit(key, window, limit, options);
    const own = this.fallback.counts(key) ? count() : undefined;
    return this.withFallback(
      async () => {
        const counter = this.options.bunkerwebCounters ? bunkerwebCounter(rest) : undefined;
        const keys = counter === undefined ? keysOf(location) : [...keysOf(location), counter];
        const hit = [String(window * 1000), String(Math.floor(limit)), String(weight)];
        const text = note === undefined ? "" : `:${note}`;
        const channel = this.names.channel(namespace);
        const args = [rest, ...hit, text, ...this.writer.budget(location), channel];
        const hits = await this.commands.run(HIT, keys, args, (late) => {
          if (late !== "full") options.late?.(late);
        });
        if (hits === "full") return full(location);
        return own !== undefined && own.count > hits.count ? own : hits;
      },
      () => own ?? count(),
    );
  }

  async tally(key: string, counts: ReadonlyMap<string, number>, options: TallyOptions): Promise<void> {
    if (counts.size > 0) await this.counters.add(key, counts, options);
  }

  tallies(keys: readonly string[]): Promise<ReadonlyMap<string, number>[]> {
    return this.counters.read(keys);
  }

  async delete(key: string): Promise<boolean> {
    return this.withFallback(
      async () => {
        const deleted = await this.fallback.whileDeleting(key, () => this.writer.delete(key));
        return this.fallback.forget(key) || deleted;
      },
      () => this.fallback.delete(key),
    );
  }

  async *keys(namespace: Namespace, prefix = ""): AsyncGenerator<string, void, undefined> {
    for await (const { key } of this.listing.entries(namespace, { prefix, what: "keys" })) yield key;
  }

  async *entries(namespace: Namespace, prefix = ""): AsyncGenerator<StoreChange, void, undefined> {
    yield* this.listing.entries(namespace, { prefix, what: "values" });
  }

  async *pages(namespace: Namespace, prefix = ""): AsyncGenerator<readonly StoreChange[], void, undefined> {
    const what = namespace === "ban" ? "heads" : "values";
    yield* this.listing.pages(namespace, { prefix, what });
    if (namespace === "state" && VOID_PREFIX.startsWith(`state:${prefix}`))
      yield* endedMarks(this.commands, this.names, () => this.now());
  }

  watch(namespace: Namespace, listener: (change: StoreChange) => void, onGap?: () => void): () => void {
    return this.feed.watch(namespace, listener, onGap);
  }

  /** Closes the connections that the store opened; a client given as an option stays open. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const part of [this.breaker, this.commands, this.feed, this.writeBehind, this.fallback])
      part.close();
    this.connection.close();
  }

  // A cluster has many servers; what one of them lost stays in force until bans are read again.
  private async checkServer(): Promise<void> {
    if (this.connection.cluster) return;
    try {
      await this.recent.check();
    } catch (error) {
      throw new RedisAwayError(error, this.explain(error));
    }
  }

  private keepForLater({ key, value, ttl, mark }: PendingWrite): void {
    this.fallback.set(key, value, validTtl(ttl), mark);
    if (this.fallback.hasPending && !this.breaker.isOpen) this.writeBehind.flushSoon();
  }

  private async withFallback<T>(work: () => Promise<T>, fallback: () => T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RedisAwayError && this.options.fallback) return fallback();
      throw error;
    }
  }

  private async read(key: string): Promise<{ value: string; ttl: number } | undefined> {
    const { data } = this.names.locate(key);
    const [found] = await this.commands.run(READ, [data], []);
    const ttl = secondsOf(found?.left ?? -2);
    return ttl === undefined || found?.value === undefined ? undefined : { value: found.value, ttl };
  }

  private get events(): EventBus {
    return StoreScope.of(this).get(EventBus);
  }

  // While there is no connection, what the client said of it says more than the call that waited.
  private explain(error: unknown): string {
    const { problem } = this.connection;
    const connected = this.connection.isReady();
    const cause = connected || problem === undefined ? error : problem;
    return failureCause(cause, this.options.url !== undefined, connected);
  }

  private warnOfRoundTrip(roundTrip: number): void {
    this.breaker.warn(
      `Redis replies after about ${Math.round(roundTrip)} ms, which is more than the option "timeout" (${this.options.timeout} ms) allows; ` +
        `calls may now take longer, ${MAX_TIMEOUT_MS} ms at most. Raise "timeout", or move Redis closer`,
      "slow",
    );
  }

  // Runs when Redis accepts writes again, before anything is read.
  private async recover(): Promise<string> {
    const written = await this.writeBehind.flush();
    const dropped = this.fallback.takeDropped();
    this.fallback.forgetCaches();
    void this.feed.check();
    return `${written > 0 ? `; ${written} pending keys were written` : ""}${dropped > 0 ? `; ${dropped} did not fit into the queue` : ""}`;
  }
}

// A key that holds hits has no string value: only `hit` reads it.
function noText(error: unknown): undefined {
  if (!(error instanceof TypeError)) throw error;
}
