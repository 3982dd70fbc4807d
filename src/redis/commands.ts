import { messageOf, withHelp } from "../errors.js";
import { TimeoutError, withTimeout } from "../with-timeout.js";
import type { CallTimeout } from "./call-timeout.js";
import type { CircuitBreaker } from "./circuit-breaker.js";
import type { RedisConnection } from "./clients/connection.js";
import { WrongReplyError, type ReadReply } from "./replies.js";
import type { Script } from "./scripts.js";

/** Redis did not reply in time, cannot be reached, or accepts no commands (out of memory, a replica, a wrong password). */
export class RedisAwayError extends Error {
  readonly code = "ERR_BUNKER_REDIS";
  /** @param text the cause in words, if they are not those of `why` */
  constructor(why: unknown, text = messageOf(why)) {
    super(withHelp("ERR_BUNKER_REDIS", text), { cause: why });
    this.name = "RedisAwayError";
  }
}

// Errors about the key, not about Redis.
const KEY_ERROR = /WRONGTYPE|not an integer|would overflow/;

const CONNECT_POLL_MS = 10;
/** How long a probe may take, in ms. */
const PROBE_DEADLINE_MS = 1000;
/** How long one page of a listing may take, in ms, and how often it is asked for. */
const PAGE_DEADLINE_MS = 5000;
const PAGE_ATTEMPTS = 5;
const PAGE_PAUSE_MS = 200;

/** Sends commands with a deadline: both client libraries wait for ever for a frozen server. */
export class Commands {
  private wasReady = false;
  /** Replies received so far. */
  private replyCount = 0;
  /** Timeouts reported to the breaker so far. */
  private lateCount = 0;
  private closed = false;
  private connecting: Promise<void> | undefined;
  private lastAway: RedisAwayError | undefined;

  constructor(
    private readonly connection: RedisConnection,
    private readonly timeout: CallTimeout,
    private readonly breaker: CircuitBreaker,
    private readonly explain: (error: unknown) => string,
  ) {}

  /**
   * Runs a script: one round trip, or two if this server has not cached it yet.
   *
   * @param late called with a reply that arrives after the call was given up
   */
  run<T>(
    script: Script<T>,
    keys: readonly string[],
    args: readonly string[],
    late?: (reply: T) => void,
  ): Promise<T> {
    return this.guarded(() => this.evaluate(script, keys, args), late);
  }

  /** Sends one plain command about `key`. */
  send<T>(args: readonly string[], key: string, read: ReadReply<T>): Promise<T> {
    return this.guarded(async () => read(await this.connection.send(args, key)));
  }

  /** Runs a script even during an outage, without reporting to the breaker. */
  async runAnyway<T>(script: Script<T>, keys: readonly string[], args: readonly string[] = []): Promise<T> {
    if (!this.connection.isReady()) throw new Error("the connection is lost");
    return withTimeout(this.evaluate(script, keys, args), PROBE_DEADLINE_MS);
  }

  /** Does so to see how long the reply takes. Resolves to whether it came in time. */
  async probe(script: Script<unknown>, keys: readonly string[]): Promise<boolean> {
    const sent = performance.now();
    await this.runAnyway(script, keys);
    this.timeout.replied(sent);
    return performance.now() - sent <= this.timeout.ms;
  }

  /** Sends one plain command even during an outage, without reporting to the breaker. */
  async ask(args: readonly string[]): Promise<unknown> {
    if (!this.connection.isReady()) throw new Error("the connection is lost");
    return withTimeout(this.connection.send(args, ""), PROBE_DEADLINE_MS);
  }

  /**
   * Runs a script that reads a page of many, with more time than a call has and again when it fails: who
   * reads a hundred pages must not begin anew for one that is late. It is sent during an outage, too.
   */
  page<T>(script: Script<T>, keys: readonly string[], args: readonly string[] = []): Promise<T> {
    return this.retried(() => this.evaluate(script, keys, args));
  }

  /** Does so with one plain command, about `key`. */
  pageOf<T>(args: readonly string[], read: ReadReply<T>, key = ""): Promise<T> {
    return this.retried(async () => read(await this.connection.send(args, key)));
  }

  private async retried<T>(send: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (!this.connection.isReady()) throw new Error("the connection is lost");
        return await withTimeout(send(), PAGE_DEADLINE_MS);
      } catch (error) {
        if (attempt === PAGE_ATTEMPTS || this.closed || error instanceof WrongReplyError) {
          this.breaker.failed(error);
          throw new RedisAwayError(error, this.explain(error));
        }
        await new Promise<void>((resolve) => setTimeout(resolve, PAGE_PAUSE_MS * attempt).unref());
      }
    }
  }

  private async guarded<T>(work: () => Promise<T>, late?: (reply: T) => void): Promise<T> {
    if (this.breaker.isOpen) throw this.away(this.breaker.why);
    const { replyCount: answers, lateCount: lateOnes } = this;
    let over = false;
    const gaveUp = (): boolean => over;
    // After the caller's timeout nothing is sent any more.
    const sent = this.connected().then(async () => {
      if (gaveUp()) throw new Error("nothing was sent");
      const start = performance.now();
      const reply = await work();
      this.timeout.replied(start);
      if (gaveUp()) late?.(reply);
      return reply;
    });
    try {
      const reply = await withTimeout(sent, this.timeout.ms);
      this.replyCount++;
      this.breaker.succeeded();
      return reply;
    } catch (error) {
      over = true;
      if (!(error instanceof WrongReplyError) && KEY_ERROR.test(messageOf(error)))
        throw new TypeError(messageOf(error), { cause: error });
      this.failed(error, this.replyCount > answers, this.lateCount > lateOnes);
      throw new RedisAwayError(error, this.explain(error));
    }
  }

  // One error serves a whole outage: making one takes longer than the work that is done in its place.
  private away(why: unknown): RedisAwayError {
    const last = this.lastAway;
    if (last !== undefined && last.cause === why) return last;
    const error = new RedisAwayError(why);
    this.lastAway = error;
    return error;
  }

  // A timeout while others get replies means load, not an outage; and all timeouts of one hiccup are one failure.
  private failed(error: unknown, answered: boolean, counted: boolean): void {
    if (error instanceof TimeoutError) {
      if (answered || counted) return;
      this.lateCount++;
    }
    this.breaker.failed(error);
  }

  /** How long a call may take now, in ms. */
  get timeoutMs(): number {
    return this.timeout.ms;
  }

  /** Resolves when the connection is ready. Rejects if it was ready before and was lost. */
  async connected(): Promise<void> {
    if (this.connection.isReady()) this.wasReady = true;
    else await (this.connecting ??= this.connect().finally(() => (this.connecting = undefined)));
  }

  close(): void {
    this.closed = true;
  }

  private async connect(): Promise<void> {
    while (!this.connection.isReady()) {
      // The loss of a connection is an outage; a client that queues commands must not send them later.
      if (this.wasReady) throw new Error("the connection is lost");
      if (this.closed) throw new Error("the store was closed");
      await new Promise<void>((resolve) => setTimeout(resolve, CONNECT_POLL_MS).unref());
    }
    this.wasReady = true;
  }

  private async evaluate<T>(
    { text, sha, read }: Script<T>,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<T> {
    const [key = ""] = keys;
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return read(await this.connection.send(["EVALSHA", sha, ...rest], key));
    } catch (error) {
      if (error instanceof WrongReplyError || !messageOf(error).includes("NOSCRIPT")) throw error;
      return read(await this.connection.send(["EVAL", text, ...rest], key));
    }
  }
}
