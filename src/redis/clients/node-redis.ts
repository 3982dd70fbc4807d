import {
  CONNECT_TIMEOUT_MS,
  ignoreError,
  INVALIDATION_CHANNEL,
  randomNode,
  singleUse,
  trackingCommand,
} from "./connection.js";
import type { RedisConnection, Subscriber, SubscriberHandlers } from "./connection.js";
import type { NodeRedisClient } from "./node-redis-client.js";
import { RenewedClient, SingleUseClient, type MakeClient } from "./single-use-client.js";

/** Events of a Sentinel client after which messages may have been missed. */
const BREAKS = ["error", "client-error", "topology-change"];

/** Without the library's own deadline, since calls have ours: it makes an AbortSignal for each command, which expires seconds later. */
const COMMAND_OPTIONS = { timeout: undefined };

/** A connection through node-redis 5 or 6: one server, Sentinel or Cluster. */
export class NodeRedisConnection implements RedisConnection {
  readonly name: string;
  readonly cluster: boolean;
  readonly canTrack: boolean;
  problem: unknown;
  private readonly sentinel: boolean;
  private readonly own: RenewedClient | undefined;
  private readonly given: NodeRedisClient | undefined;

  /** @param source a client of the app, or a function that makes our own, one for each connection */
  constructor(source: NodeRedisClient | MakeClient) {
    const onError = (error: unknown): void => void (this.problem = error);
    if (typeof source === "function") this.own = new RenewedClient(source, onError);
    else this.given = source;
    const { client } = this;
    this.given?.on("error", onError);
    this.cluster = typeof client.nodeClient === "function";
    this.sentinel = typeof client.getMasterNode === "function";
    // The Sentinel client does not give access to its subscriber connection.
    this.canTrack = !this.cluster && !this.sentinel;
    this.name = `redis${this.cluster ? " (Cluster)" : this.sentinel ? " (Sentinel)" : ""}`;
  }

  private get client(): NodeRedisClient {
    return this.own?.client ?? (this.given as NodeRedisClient);
  }

  isReady(): boolean {
    return this.client.isReady ?? this.client.isOpen;
  }

  send(args: readonly string[], key: string): Promise<unknown> {
    if (this.cluster) return this.client.sendCommand(key, false, args, COMMAND_OPTIONS);
    return this.sentinel
      ? this.client.sendCommand(false, args, COMMAND_OPTIONS)
      : this.client.sendCommand(args, COMMAND_OPTIONS);
  }

  async listen(handlers: SubscriberHandlers): Promise<Subscriber> {
    if (this.sentinel) return this.listenBySentinel(handlers);
    const source = this.cluster
      ? ((await this.client.nodeClient?.(randomNode(this.client.masters ?? []))) as NodeRedisClient)
      : this.client;
    const opened = new SingleUseClient((signal) => subscriberFrom(source, signal));
    const connection = opened.client;
    const events = singleUse(handlers, () => opened.end(), connection);
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
    this.own?.renew();
  }

  close(): void {
    this.own?.close();
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
function subscriberFrom(client: NodeRedisClient, signal: AbortSignal): NodeRedisClient {
  return client.duplicate({
    RESP: 2,
    socket: {
      ...client.options?.socket,
      signal,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: false,
    },
    disableOfflineQueue: false,
    emitInvalidate: undefined,
    clientSideCache: undefined,
    maintNotifications: "disabled",
    commandOptions: undefined,
  });
}
