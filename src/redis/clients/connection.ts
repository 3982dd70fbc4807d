/** A connection to Redis, through either client library. */
export interface RedisConnection {
  /** The client library, for the log. */
  readonly name: string;
  /** Whether this is a cluster: the keys of one script must share a slot, and no server knows all keys. */
  readonly cluster: boolean;
  /** Whether its {@link Subscriber} can track keys that others change. */
  readonly canTrack: boolean;
  /** The last error of the connection itself: what the client emitted when it could not connect, or lost its connection. */
  readonly problem: unknown;
  /** Whether commands are sent immediately, instead of being refused or queued. */
  isReady(): boolean;
  /** Sends one command; `key` selects the server of a cluster. */
  send(args: readonly string[], key: string): Promise<unknown>;
  /** Opens another connection that subscribes. It is used once: after it was lost, open a new one. */
  listen(handlers: SubscriberHandlers): Promise<Subscriber>;
  /** Reconnects if the store opened the connection: otherwise a peer that vanished silently would never be noticed. */
  reconnect(): void;
  /** Closes the connection if the store opened it. */
  close(): void;
}

/** The events of a {@link Subscriber}. */
export interface SubscriberHandlers {
  message(channel: string, text: string): void;
  /** Keys that any client changed; `undefined` = any key may have changed. */
  invalidated(keys: readonly string[] | undefined): void;
  /** The connection was lost, and messages may be missed from now on. */
  lost(): void;
}

/** A connection that subscribes to channels. */
export interface Subscriber {
  /** Tracks all keys with these prefixes; call it before the first {@link Subscriber.subscribe}. */
  track(prefixes: readonly string[]): Promise<void>;
  subscribe(channels: readonly string[]): Promise<void>;
  close(): void;
}

export const CONNECT_TIMEOUT_MS = 2000;
const MAX_PAUSE_MS = 1000;

/** The pause before an attempt to reconnect, in ms. */
export function reconnectPause(attempt: number): number {
  return Math.min(MAX_PAUSE_MS, 50 * 2 ** Math.min(attempt, 10));
}

/** The channel on which Redis reports changed keys to a subscriber (RESP2). */
export const INVALIDATION_CHANNEL = "__redis__:invalidate";

/** The command with which a subscriber asks for its own invalidation messages. */
export function trackingCommand(id: unknown, prefixes: readonly string[]): string[] {
  const prefixArgs = prefixes.flatMap((prefix) => ["PREFIX", prefix]);
  return ["CLIENT", "TRACKING", "ON", "REDIRECT", String(id), "BCAST", ...prefixArgs];
}

/** The events that both client libraries emit. */
interface Emitter {
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** Passes a connection's events to `handlers` until it is lost or closed, which calls `end`. */
export function singleUse(handlers: SubscriberHandlers, end: () => void, connection?: Emitter) {
  let over = false;
  const close = (): void => {
    over = true;
    end();
  };
  const lost = (): void => {
    if (over) return;
    close();
    handlers.lost();
  };
  connection?.on("error", lost);
  connection?.on("end", lost);
  const receive = (message: unknown, channel: string): void => {
    if (over) return;
    if (channel !== INVALIDATION_CHANNEL) handlers.message(channel, String(message));
    else handlers.invalidated(Array.isArray(message) ? message.map(String) : undefined);
  };
  return { receive, lost, close };
}

/** A random master of a cluster: every node receives every message. */
export function randomNode<T>(masters: readonly T[]): T {
  const node = masters[Math.floor(Math.random() * masters.length)];
  if (node === undefined) throw new Error("no node of the cluster is known yet");
  return node;
}

/** A listener for client errors: without one Node would end the process, and commands report the failures anyway. */
export function ignoreError(): void {
  // Nothing to do.
}
