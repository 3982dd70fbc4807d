import type { Log } from "../log/log.js";

/** Consecutive failures after which Redis counts as away. */
const MAX_FAILURES = 3;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 1000;
/** So many probes in a row must be answered in time before the outage is over: a slow or flapping Redis is away. */
const PROBES_IN_TIME = 3;
/** Reconnect after this many failed probes. */
const PROBES_PER_CONNECTION = 3;

/** What a {@link CircuitBreaker} controls. */
export interface CircuitBreakerHooks {
  readonly logger: Log | false;
  /** Says in words why a call failed. */
  explain(error: unknown): string;
  /** Resolves when Redis has accepted a write: to whether it did so in time. */
  probe(): Promise<boolean>;
  reconnect(): void;
  /** Sends what waited for Redis, before the breaker closes; returns a text for the log. */
  recover(): Promise<string>;
  /** A warning was logged. */
  warned(message: string, about: "away" | "slow"): void;
  /** The breaker has closed: Redis is back. */
  closed(): void;
}

/**
 * Opens after a few consecutive failures: then only one probe at a time is sent, until several in a row succeed in time. Logs the
 * beginning and the end of the outage.
 */
export class CircuitBreaker {
  private failures = 0;
  private since: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private probes = 0;
  private inTime = 0;
  private cause = "";

  constructor(private readonly hooks: CircuitBreakerHooks) {}

  /** Whether Redis counts as away. */
  get isOpen(): boolean {
    return this.since !== undefined;
  }

  /** Why Redis counts as away, in words. */
  get why(): string | undefined {
    return this.isOpen ? `Redis is away (${this.cause})` : undefined;
  }

  succeeded(): void {
    this.failures = 0;
  }

  failed(why: unknown): void {
    if (++this.failures < MAX_FAILURES || this.since !== undefined || this.closed) return;
    this.since = Date.now();
    this.cause = this.hooks.explain(why);
    this.warn(
      `Redis is away (${this.cause}); known bans stay in force, this process counts by itself, new bans are written later`,
      "away",
    );
    this.probeIn(FIRST_PAUSE_MS);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private probeIn(pause: number): void {
    if (this.closed) return;
    this.timer = setTimeout(() => void this.probe(pause), pause);
    this.timer.unref();
  }

  private async probe(pause: number): Promise<void> {
    try {
      this.inTime = (await this.hooks.probe()) ? this.inTime + 1 : 0;
      if (this.inTime < PROBES_IN_TIME) {
        this.probeIn(FIRST_PAUSE_MS);
        return;
      }
      const done = await this.hooks.recover();
      const seconds = Math.round((Date.now() - (this.since ?? 0)) / 1000);
      this.since = undefined;
      this.failures = this.probes = this.inTime = 0;
      this.hooks.closed();
      if (this.hooks.logger !== false)
        this.hooks.logger.info("redis_back", `Redis is back after ${seconds} s${done}`, { seconds });
    } catch (error) {
      if (this.closed) return;
      // The first failure is often a timeout, and only a later one says why.
      this.cause = this.hooks.explain(error);
      this.inTime = 0;
      if (++this.probes % PROBES_PER_CONNECTION === 0) this.hooks.reconnect();
      this.probeIn(Math.min(MAX_PAUSE_MS, pause * 2));
    }
  }

  /** Logs a warning. */
  warn(message: string, about: "away" | "slow"): void {
    if (this.hooks.logger !== false) this.hooks.logger.warn("WRN_BUNKER_REDIS", message);
    this.hooks.warned(message, about);
  }
}
