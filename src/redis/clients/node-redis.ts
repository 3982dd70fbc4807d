import {
  CONNECT_TIMEOUT_MS,
  ignoreError,
  INVALIDATION_CHANNEL,
  randomNode,
  singleUse,
  trackingCommand,
} from "./connection.js";
import type { RedisConnection, Subscriber, SubscriberHandlers } from "./connection.js";

/** The part of node-redis's client, Cluster and Sentinel that the store uses. */
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
  /** Only on a cluster. */
  readonly masters?: readonly object[];
  nodeClient?(node: object): NodeRedisClient | Promise<NodeRedisClient>;
  /** Only on a Sentinel client. */
  getMasterNode?(): unknown;
  unsubscribe(channels: string[], listener: (message: unknown, channel: string) => void): Promise<unknown>;
  off(event: string, listener: (...args: never[]) => void): unknown;
}

/** Whether a value is a client of node-redis. */
export function isNodeRedis(client: object): client is NodeRedisClient {
  const { sendCommand, subscribe, isOpen } = client as Partial<NodeRedisClient>;
  return typeof sendCommand === "function" && typeof subscribe === "function" && typeof isOpen === "boolean";
}

/** Events of a Sentinel client after which messages may have been missed. */
const BREAKS = ["error", "client-error", "topology-change"];

/** A connection through node-redis 5 or 6: one server, Sentinel or Cluster. */
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
    // The Sentinel client does not give access to its subscriber connection.
    this.canTrack = !this.cluster && !this.sentinel;
    this.name = `redis${this.cluster ? " (Cluster)" : this.sentinel ? " (Sentinel)" : ""}`;
    client.on("error", ignoreError);
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
    const source = this.cluster
      ? ((await this.client.nodeClient?.(randomNode(this.client.masters ?? []))) as NodeRedisClient)
      : this.client;
    const connection = subscriberFrom(source);
    const events = singleUse(handlers, () => end(connection), connection);
    await connection.connect().catch((error: unknown) => {
      events.close();
      throw error;
    });
    return {
      async track(prefixes) {
        const id = await connection.sendCommand(["CLIENT", "ID"]);
        await connection.sendCommand(trackingCommand(id, prefixes));
        await connection.subscribe(INVALIDATION_CHANNEL, events.receive);
      },
      async subscribe(channels) {
        await connection.subscribe([...channels], events.receive);
      },
      close: events.close,
    };
  }

  reconnect(): void {
    if (!this.own) return;
    end(this.client);
    this.client.connect().catch(ignoreError);
  }

  close(): void {
    if (this.own) end(this.client);
  }

  // The Sentinel client replaces its subscriber connection itself; messages sent meanwhile are missed.
  private listenBySentinel(handlers: SubscriberHandlers): Promise<Subscriber> {
    const { client } = this;
    const subscribed: string[] = [];
    const events = singleUse(handlers, () => {
      for (const event of BREAKS) client.off(event, events.lost);
      if (client.isOpen) client.unsubscribe(subscribed, events.receive).catch(ignoreError);
    });
    for (const event of BREAKS) client.on(event, events.lost);
    return Promise.resolve({
      track: () => Promise.reject(new Error("not with this client")),
      async subscribe(channels) {
        subscribed.push(...channels);
        await client.subscribe([...channels], events.receive);
      },
      close: events.close,
    });
  }
}

// A copy that is used once and never reconnects. RESP2: messages and replies arrive in one stream.
function subscriberFrom(client: NodeRedisClient): NodeRedisClient {
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
    if (ended instanceof Promise) ended.catch(ignoreError);
  } catch {
    // It was already closed.
  }
}
