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
