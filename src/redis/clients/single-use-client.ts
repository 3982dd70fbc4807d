import { ignoreError, reconnectPause } from "./connection.js";
import type { NodeRedisClient } from "./node-redis-client.js";

/** Makes a client; `signal` must reach its socket. */
export type MakeClient = (signal: AbortSignal) => NodeRedisClient;

/**
 * A client of node-redis for one connection. `destroy()` misses a socket that is still connecting, which then stays open for ever
 * if the server stands still: the signal ends every socket.
 */
export class SingleUseClient {
  readonly client: NodeRedisClient;
  private readonly abort = new AbortController();

  constructor(make: MakeClient) {
    this.client = make(this.abort.signal);
    this.client.on("error", ignoreError);
  }

  end(): void {
    try {
      const ended = this.client.destroy();
      if (ended instanceof Promise) ended.catch(ignoreError);
    } catch {
      // It was already closed.
    }
    this.abort.abort();
  }
}

/** Keeps a connection by node-redis open: each attempt has a client of its own. */
export class RenewedClient {
  private current: SingleUseClient;
  private attempts = 0;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly make: MakeClient,
    private readonly onError: (error: unknown) => void,
  ) {
    this.current = this.open();
  }

  get client(): NodeRedisClient {
    return this.current.client;
  }

  /** Opens a new connection in place of the present one. */
  renew(): void {
    clearTimeout(this.timer);
    this.current.end();
    if (!this.closed) this.current = this.open();
  }

  close(): void {
    this.closed = true;
    this.renew();
  }

  private open(): SingleUseClient {
    const opened = new SingleUseClient(this.make);
    const { client } = opened;
    client.on("error", (error: unknown) => {
      if (client !== this.client) return;
      this.onError(error);
      // It never reconnects by itself.
      if (!client.isOpen) this.renewLater();
    });
    client.on("ready", () => (this.attempts = 0));
    // Failures are emitted as events, too.
    client.connect().catch(ignoreError);
    return opened;
  }

  private renewLater(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    // This timer keeps the process alive: an app may only be waiting for Redis.
    this.timer = setTimeout(() => this.renew(), reconnectPause(this.attempts++));
  }
}
