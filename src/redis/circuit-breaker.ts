import { messageOf, withHelp } from "../errors.js";
import type { Logger } from "../events/event-bus.js";

/** Failures in a row after which Redis counts as away. */
const MAX_FAILURES = 3;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 1000;
/** After so many probes that failed the connection is opened anew. */
const PROBES_PER_CONNECTION = 3;

/** What an {@link CircuitBreaker} needs. */
export interface CircuitBreakerHooks {
  readonly logger: Logger | false;
  /** Resolves when Redis takes writes again. */
  probe(): Promise<unknown>;
  /** Opens the connection anew. */
  reconnect(): void;
  /** Does what waited for Redis, before it counts as back; answers what to tell of it. */
  recover(): Promise<string>;
  /** Is told when it counts as back. */
  closed(): void;
}

/**
 * The circuit breaker: after a few failures in a row nothing is sent any more but one probe at a time, until one gets
 * through. Says so once at the start and once at the end.
 */
export class CircuitBreaker {
  private failures = 0;
  private since: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  private probes = 0;

  constructor(private readonly hooks: CircuitBreakerHooks) {}

  /** Whether Redis counts as away. */
  get isOpen(): boolean {
    return this.since !== undefined;
  }

  succeeded(): void {
    this.failures = 0;
  }

  failed(why: unknown): void {
    if (++this.failures < MAX_FAILURES || this.since !== undefined || this.closed) return;
    this.since = Date.now();
    this.log(
      "warn",
      `Redis is away (${messageOf(why)}); known bans stay, counting goes on in this process, new bans wait`,
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
      await this.hooks.probe();
      const done = await this.hooks.recover();
      const seconds = Math.round((Date.now() - (this.since ?? 0)) / 1000);
      this.since = undefined;
      this.failures = this.probes = 0;
      this.hooks.closed();
      this.log("info", `Redis is back after ${seconds} s${done}`);
    } catch {
      if (this.closed) return;
      if (++this.probes % PROBES_PER_CONNECTION === 0) this.hooks.reconnect();
      this.probeIn(Math.min(MAX_PAUSE_MS, pause * 2));
    }
  }

  private log(level: "info" | "warn", message: string): void {
    if (this.hooks.logger === false) return;
    try {
      this.hooks.logger[level](
        level === "warn" ? withHelp("WRN_BUNKER_REDIS", message) : `express-bunker: ${message}`,
      );
    } catch {
      // A broken logger must not break a request.
    }
  }
}
