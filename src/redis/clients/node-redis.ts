import {
  INVALIDATION_CHANNEL,
  trackingCommand,
  type Subscriber,
  type SubscriberHandlers,
  type RedisConnection,
} from "./connection.js";

/** The part of node-redis's client, Cluster and Sentinel that is used. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  readonly isReady?: boolean;
  readonly options?: { readonly keyPrefix?: unknown; readonly socket?: object };
  sendCommand(...args: unknown[]): Promise<unknown>;
  duplicate(override?: object): NodeRedisClient;
  connect(): Promise<unknown>;
  destroy(): unknown;
  subscribe(
    channels: string | string[],
    listener: (message: unknown, channel: string) => void,
  ): Promise<unknown>;
  on(event: string, listener: (...args: never[]) => void): unknown;
  /** A cluster's. */
  readonly masters?: readonly object[];
  nodeClient?(node: object): NodeRedisClient | Promise<NodeRedisClient>;
  /** A Sentinel client's. */
  getMasterNode?(): unknown;
  unsubscribe(channels: string[], listener: (message: unknown, channel: string) => void): Promise<unknown>;
  off(event: string, listener: (...args: never[]) => void): unknown;
}

/** Whether a value is a client of node-redis. */
export function isNodeRedis(client: object): client is NodeRedisClient {
  const { sendCommand, subscribe, isOpen } = client as Partial<NodeRedisClient>;
  return typeof sendCommand === "function" && typeof subscribe === "function" && typeof isOpen === "boolean";
}

const CONNECT_TIMEOUT_MS = 2000;
/** Events of a Sentinel client after which messages may have been missed. */
const BREAKS = ["error", "client-error", "topology-change"];

/** Talks through node-redis 5 or 6: one server, Sentinel or Cluster. */
export class NodeRedisConnection implements RedisConnection {
  readonly name: string;
  readonly cluster: boolean;
  readonly canTrack: boolean;
  private readonly sentinel: boolean;

  constructor(
    private readonly client: NodeRedisClient,
    private readonly own: boolean,
  ) {
    this.cluster = typeof client.nodeClient === "function";
    this.sentinel = typeof client.getMasterNode === "function";
    // Its Sentinel client keeps the listening connection to itself.
    this.canTrack = !this.cluster && !this.sentinel;
    this.name = `redis${this.cluster ? " (Cluster)" : this.sentinel ? " (Sentinel)" : ""}`;
    // Without a listener Node ends the process at the first error.
    client.on("error", ignore);
  }

  isReady(): boolean {
    return this.client.isReady ?? this.client.isOpen;
  }

  send(args: readonly string[], key: string): Promise<unknown> {
    if (this.cluster) return this.client.sendCommand(key, false, args);
    return this.sentinel ? this.client.sendCommand(false, args) : this.client.sendCommand(args);
  }

  async listen(handlers: SubscriberHandlers): Promise<Subscriber> {
    if (this.sentinel) return this.listenBySentinel(handlers);
    const connection = await this.duplicate();
    let over = false;
    const lost = (why: unknown): void => {
      if (over) return;
      over = true;
      end(connection);
      handlers.lost(why);
    };
    connection.on("error", (error: never) => lost(error));
    connection.on("end", () => lost(new Error("the connection was closed")));
    const hear = (message: unknown, channel: string): void => {
      if (over) return;
      if (channel === INVALIDATION_CHANNEL)
        handlers.invalidated(Array.isArray(message) ? message.map(String) : undefined);
      else handlers.message(channel, String(message));
    };
    try {
      await connection.connect();
    } catch (error) {
      over = true;
      end(connection);
      throw error;
    }
    return {
      async track(prefixes) {
        await connection.sendCommand(
          trackingCommand(await connection.sendCommand(["CLIENT", "ID"]), prefixes),
        );
        await connection.subscribe(INVALIDATION_CHANNEL, hear);
      },
      async subscribe(channels) {
        await connection.subscribe([...channels], hear);
      },
      close() {
        over = true;
        end(connection);
      },
    };
  }

  reconnect(): void {
    if (!this.own) return;
    end(this.client);
    this.client.connect().catch(ignore);
  }

  close(): void {
    if (this.own) end(this.client);
  }

  // Its Sentinel client listens on a connection that it keeps to itself and mends itself; what is said meanwhile is missed.
  private listenBySentinel(handlers: SubscriberHandlers): Promise<Subscriber> {
    const { client } = this;
    const subscribed: string[] = [];
    let over = false;
    const hear = (message: unknown, channel: string): void => {
      if (!over) handlers.message(channel, String(message));
    };
    const stop = (): void => {
      over = true;
      for (const event of BREAKS) client.off(event, lost);
      if (client.isOpen) client.unsubscribe(subscribed, hear).catch(ignore);
    };
    const lost = (): void => {
      if (over) return;
      stop();
      handlers.lost(new Error("the servers behind Sentinel changed"));
    };
    for (const event of BREAKS) client.on(event, lost);
    return Promise.resolve({
      track: () => Promise.reject(new Error("not with this client")),
      async subscribe(channels) {
        subscribed.push(...channels);
        await client.subscribe([...channels], hear);
      },
      close: stop,
    });
  }

  // Every node of a cluster hears every message.
  private async duplicate(): Promise<NodeRedisClient> {
    if (!this.cluster) return once(this.client);
    const { masters = [] } = this.client;
    const node = masters[Math.floor(Math.random() * masters.length)];
    if (node === undefined) throw new Error("no node of the cluster is known yet");
    return once((await this.client.nodeClient?.(node)) as NodeRedisClient);
  }
}

// A copy that is used once and never mends itself. Messages and replies arrive in one stream (RESP2).
function once(client: NodeRedisClient): NodeRedisClient {
  return client.duplicate({
    RESP: 2,
    socket: { ...client.options?.socket, connectTimeout: CONNECT_TIMEOUT_MS, reconnectStrategy: false },
    disableOfflineQueue: false,
    emitInvalidate: undefined,
    clientSideCache: undefined,
    maintNotifications: "disabled",
    commandOptions: undefined,
  });
}

function end(client: NodeRedisClient): void {
  try {
    const ended = client.destroy();
    if (ended instanceof Promise) ended.catch(ignore);
  } catch {
    // It was closed already.
  }
}

function ignore(): void {
  // Failures are met where commands are sent.
}
