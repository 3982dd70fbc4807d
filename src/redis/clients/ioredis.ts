import {
  INVALIDATION_CHANNEL,
  trackingCommand,
  type Subscriber,
  type SubscriberHandlers,
  type RedisConnection,
} from "./connection.js";

/** The part of ioredis's `Redis` and `Cluster` that is used. */
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

const CONNECT_TIMEOUT_MS = 2000;

/** What a listening connection has otherwise than the client it is made from: it is used once and never mends itself. */
const SUBSCRIBER_OPTIONS = {
  lazyConnect: true,
  enableOfflineQueue: true,
  autoResubscribe: false,
  connectTimeout: CONNECT_TIMEOUT_MS,
  // Messages and replies arrive in one stream that both major versions read alike.
  protocol: 2,
  commandTimeout: undefined,
  socketTimeout: undefined,
  blockingTimeout: undefined,
  maxRetriesPerRequest: 0,
  retryStrategy: (): null => null,
  sentinelRetryStrategy: (): null => null,
};

/** Talks through ioredis 5 or 6: one server, Sentinel or Cluster. */
export class IoredisConnection implements RedisConnection {
  readonly name: string;
  readonly cluster: boolean;
  readonly canTrack: boolean;

  constructor(
    private readonly client: IoredisClient,
    private readonly own: boolean,
  ) {
    this.cluster = client.isCluster === true;
    this.canTrack = !this.cluster;
    this.name = this.cluster ? "ioredis (Cluster)" : "ioredis";
    // Without a listener Node ends the process at the first error.
    client.on("error", ignore);
  }

  isReady(): boolean {
    return this.client.status === "ready";
  }

  send([command = "", ...args]: readonly string[]): Promise<unknown> {
    return this.client.call(command, ...args);
  }

  async listen(handlers: SubscriberHandlers): Promise<Subscriber> {
    const connection = this.subscriberNode().duplicate(SUBSCRIBER_OPTIONS);
    let over = false;
    const lost = (why: unknown): void => {
      if (over) return;
      over = true;
      connection.disconnect();
      handlers.lost(why);
    };
    connection.on("error", (error: never) => lost(error));
    connection.on("end", () => lost(new Error("the connection was closed")));
    connection.on("messageBuffer", (channel: Buffer, message: Buffer | Buffer[] | null) => {
      if (over) return;
      const name = channel.toString();
      if (name === INVALIDATION_CHANNEL) handlers.invalidated(namesOf(message));
      else handlers.message(name, String(message));
    });
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
      close() {
        over = true;
        connection.disconnect();
      },
    };
  }

  reconnect(): void {
    if (this.own) this.client.disconnect(true);
  }

  close(): void {
    if (this.own) this.client.disconnect();
  }

  // Every node of a cluster hears every message.
  private subscriberNode(): IoredisClient {
    if (!this.cluster) return this.client;
    const nodes = this.client.nodes?.("master") ?? [];
    const node = nodes[Math.floor(Math.random() * nodes.length)];
    if (node === undefined) throw new Error("no node of the cluster is known yet");
    return node;
  }
}

function namesOf(message: Buffer | Buffer[] | null): string[] | undefined {
  return Array.isArray(message) ? message.map(String) : undefined;
}

function ignore(): void {
  // Failures are met where commands are sent.
}
