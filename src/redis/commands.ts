import { messageOf, withHelp } from "../errors.js";
import { TimeoutError, withTimeout } from "../with-timeout.js";
import type { RedisConnection } from "./clients/connection.js";
import type { Script } from "./scripts.js";

/** Redis did not answer in time, cannot be reached, or takes no commands (out of memory, a replica, a wrong password). */
export class RedisAwayError extends Error {
  readonly code = "ERR_BUNKER_REDIS";
  constructor(why: unknown) {
    super(withHelp("ERR_BUNKER_REDIS", messageOf(why)), { cause: why });
    this.name = "RedisAwayError";
  }
}

/** Is told how commands fare. */
export interface CommandWatch {
  readonly isOpen: boolean;
  succeeded(): void;
  failed(why: unknown): void;
}

// Answers that say something about the key, not about Redis.
const KEY_ERROR = /WRONGTYPE|not an integer|would overflow/;

const CONNECT_POLL_MS = 10;

/** Sends commands, each within a deadline of our own: both clients wait for ever for a server that is frozen. */
export class Commands {
  private wasReady = false;
  /** Answers received so far. */
  private replyCount = 0;
  /** Late calls that the watch was told of. */
  private lateCount = 0;
  private closed = false;
  private connecting: Promise<void> | undefined;

  constructor(
    private readonly connection: RedisConnection,
    private readonly timeout: number,
    private readonly breaker: CommandWatch,
  ) {}

  /** Runs a script: one round trip, two when this server has not met it yet. */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.guarded(() => this.evaluate(script, keys, args));
  }

  /** Sends one plain command about `key`. */
  send(args: readonly string[], key: string): Promise<unknown> {
    return this.guarded(() => this.connection.send(args, key));
  }

  /** Runs a script even during an outage, and without a word to the watch. */
  async probe(script: Script, keys: readonly string[], args: readonly string[] = []): Promise<unknown> {
    if (!this.connection.isReady()) throw new Error("the connection is lost");
    return withTimeout(this.evaluate(script, keys, args), Math.max(this.timeout, 1000));
  }

  private async guarded(work: () => Promise<unknown>): Promise<unknown> {
    if (this.breaker.isOpen) throw new RedisAwayError("Redis is away");
    const { replyCount: answers, lateCount: lateOnes } = this;
    let over = false;
    // Once the caller was told that there is no answer, nothing is sent any more.
    const sent = this.connected().then(() => (over ? undefined : work()));
    try {
      const answer = await withTimeout(sent, this.timeout);
      this.replyCount++;
      this.breaker.succeeded();
      return answer;
    } catch (error) {
      over = true;
      if (KEY_ERROR.test(messageOf(error))) throw new TypeError(messageOf(error), { cause: error });
      this.failed(error, this.replyCount > answers, this.lateCount > lateOnes);
      throw new RedisAwayError(error);
    }
  }

  // A call that is late while others are answered waits in a queue: that is load, not an outage. And all calls that one hiccup
  // makes late are one failure.
  private failed(error: unknown, answered: boolean, counted: boolean): void {
    if (error instanceof TimeoutError) {
      if (answered || counted) return;
      this.lateCount++;
    }
    this.breaker.failed(error);
  }

  /** Resolves when the connection is ready for the first time. */
  async connected(): Promise<void> {
    if (this.connection.isReady()) this.wasReady = true;
    else await (this.connecting ??= this.connect().finally(() => (this.connecting = undefined)));
  }

  close(): void {
    this.closed = true;
  }

  private async connect(): Promise<void> {
    while (!this.connection.isReady()) {
      // Once it was there, its loss is an outage; clients that keep commands for later must not send them then.
      if (this.wasReady) throw new Error("the connection is lost");
      if (this.closed) throw new Error("the store was closed");
      await new Promise<void>((resolve) => setTimeout(resolve, CONNECT_POLL_MS).unref());
    }
    this.wasReady = true;
  }

  private async evaluate(
    { text, sha }: Script,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const [key = ""] = keys;
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.connection.send(["EVALSHA", sha, ...rest], key);
    } catch (error) {
      if (!messageOf(error).includes("NOSCRIPT")) throw error;
      return await this.connection.send(["EVAL", text, ...rest], key);
    }
  }
}
