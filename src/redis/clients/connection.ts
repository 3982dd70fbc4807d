/** One way of talking to Redis, whichever client library is behind it. */
export interface RedisConnection {
  /** Which client it is, for the log. */
  readonly name: string;
  /** Keys of one script must share a slot, and no single server knows all keys. */
  readonly cluster: boolean;
  /** Whether an {@link Subscriber} of it can be told of keys that others change. */
  readonly canTrack: boolean;
  /** Whether commands are sent at once, instead of being refused or queued. */
  isReady(): boolean;
  /** Sends one command; `key` says where in a cluster it belongs. */
  send(args: readonly string[], key: string): Promise<unknown>;
  /** Opens a connection of its own that listens. It is used once: when it is lost, another is opened. */
  listen(handlers: SubscriberHandlers): Promise<Subscriber>;
  /** Connects anew if the connection is ours: a peer that vanished without a word is never noticed otherwise. */
  reconnect(): void;
  /** Ends the connection if it is ours. */
  close(): void;
}

/** What a listening connection tells. */
export interface SubscriberHandlers {
  message(channel: string, text: string): void;
  /** Keys that were changed by anybody; `undefined` = any key may have been. */
  invalidated(keys: readonly string[] | undefined): void;
  /** The connection is gone, and messages may be missed from now on. */
  lost(why: unknown): void;
}

/** A connection that listens. */
export interface Subscriber {
  /** Asks to be told of every change of keys that start so; before the first {@link Subscriber.subscribe}. */
  track(prefixes: readonly string[]): Promise<void>;
  subscribe(channels: readonly string[]): Promise<void>;
  close(): void;
}

/** Where Redis tells a listening connection of changed keys (RESP2). */
export const INVALIDATION_CHANNEL = "__redis__:invalidate";

/** The command with which a listening connection asks to be told of changed keys itself. */
export function trackingCommand(id: unknown, prefixes: readonly string[]): string[] {
  const wanted = prefixes.flatMap((prefix) => ["PREFIX", prefix]);
  return ["CLIENT", "TRACKING", "ON", "REDIRECT", String(id), "BCAST", ...wanted];
}
