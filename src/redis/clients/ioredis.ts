import {
  CONNECT_TIMEOUT_MS,
  INVALIDATION_CHANNEL,
  randomNode,
  singleUse,
  trackingCommand,
} from "./connection.js";
import type { RedisConnection, Subscriber, SubscriberHandlers } from "./connection.js";

/** The part of ioredis's `Redis` and `Cluster` that the store uses. */
export interface IoredisClient {
  readonly status: string;
  readonly isCluster?: boolean;
  readonly options: { readonly keyPrefix?: string };
  call(command: string, ...args: string[]): Promise<unknown>;
  duplicate(override?: object): IoredisClient;
  nodes?(role: "master"): IoredisClient[];
  connect(): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  subscribe(...channels: string[]): Promise<unknown>;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** Whether a value is a client of ioredis. */
export function isIoredis(client: object): client is IoredisClient {
  const { call, duplicate, status } = client as Partial<IoredisClient>;
  return typeof call === "function" && typeof duplicate === "function" && typeof status === "string";
}

/** Options of a subscriber that differ from its client's: it is used once and never reconnects. */
const SUBSCRIBER_OPTIONS = {
  lazyConnect: true,
  enableOfflineQueue: true,
  autoResubscribe: false,
  connectTimeout: CONNECT_TIMEOUT_MS,
  // RESP2: both major versions read messages and replies from one stream.
  protocol: 2,
  commandTimeout: undefined,
  socketTimeout: undefined,
  blockingTimeout: undefined,
  maxRetriesPerRequest: 0,
  retryStrategy: (): null => null,
  sentinelRetryStrategy: (): null => null,
};

/** A connection through ioredis 5 or 6: one server, Sentinel or Cluster. */
export class IoredisConnection implements RedisConnection {
  readonly name: string;
  readonly cluster: boolean;
  readonly canTrack: boolean;
  problem: unknown;

  constructor(
    private readonly client: IoredisClient,
    private readonly own: boolean,
  ) {
    this.cluster = client.isCluster === true;
    this.canTrack = !this.cluster;
    this.name = this.cluster ? "ioredis (Cluster)" : "ioredis";
    client.on("error", (error: unknown) => void (this.problem = error));
  }

  isReady(): boolean {
    return this.client.status === "ready";
  }

  send([command = "", ...args]: readonly string[]): Promise<unknown> {
    return this.client.call(command, ...args);
  }

  async listen(handlers: SubscriberHandlers): Promise<Subscriber> {
    const source = this.cluster ? randomNode(this.client.nodes?.("master") ?? []) : this.client;
    const connection = source.duplicate(SUBSCRIBER_OPTIONS);
    const events = singleUse(handlers, () => connection.disconnect(), connection);
    connection.on("messageBuffer", (channel: Buffer, message: Buffer | Buffer[] | null) =>
      events.receive(message, channel.toString()),
    );
    await connection.connect();
    return {
      async track(prefixes) {
        const [command = "", ...args] = trackingCommand(await connection.call("CLIENT", "ID"), prefixes);
        await connection.call(command, ...args);
        await connection.subscribe(INVALIDATION_CHANNEL);
      },
      async subscribe(channels) {
        await connection.subscribe(...channels);
      },
      close: events.close,
    };
  }

  reconnect(): void {
    if (this.own) this.client.disconnect(true);
  }

  close(): void {
    if (this.own) this.client.disconnect();
  }
}
