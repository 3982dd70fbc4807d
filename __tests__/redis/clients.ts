/* eslint-disable @typescript-eslint/no-require-imports */
import type * as Ioredis from "ioredis";
import type * as NodeRedis from "redis";

/** A connected client of one library. */
export interface TestClient {
  readonly client: object;
  readonly end: () => Promise<void> | void;
}

/** One version of one client library. */
export interface Library {
  readonly name: string;
  standalone(url: string): Promise<TestClient>;
  cluster(ports: readonly number[]): Promise<TestClient>;
  sentinel(port: number): Promise<TestClient>;
}

const quiet = (): void => undefined;

function ioredis(name: string, { Redis, Cluster }: typeof Ioredis): Library {
  const opened = (client: Ioredis.Redis | Ioredis.Cluster): TestClient => {
    client.on("error", quiet);
    return { client, end: () => client.disconnect() };
  };
  return {
    name,
    standalone: (url) => Promise.resolve(opened(new Redis(url))),
    cluster: (ports) =>
      Promise.resolve(opened(new Cluster(ports.map((port) => ({ host: "127.0.0.1", port }))))),
    sentinel: (port) =>
      Promise.resolve(opened(new Redis({ sentinels: [{ host: "127.0.0.1", port }], name: "bunker" }))),
  };
}

function nodeRedis(name: string, redis: typeof NodeRedis): Library {
  return {
    name,
    async standalone(url) {
      const client = redis.createClient({ url });
      client.on("error", quiet);
      await client.connect();
      return { client, end: () => client.destroy() };
    },
    async cluster(ports) {
      const client = redis.createCluster({
        rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })),
      });
      client.on("error", quiet);
      await client.connect();
      return { client, end: () => client.destroy() };
    },
    async sentinel(port) {
      const client = redis.createSentinel({
        name: "bunker",
        sentinelRootNodes: [{ host: "127.0.0.1", port }],
      });
      client.on("error", quiet);
      await client.connect();
      return { client, end: () => client.close() };
    },
  };
}

/** Every client library that the store supports. */
export const LIBRARIES: readonly Library[] = [
  ioredis("ioredis 6", require("ioredis") as typeof Ioredis),
  ioredis("ioredis 5", require("ioredis5") as typeof Ioredis),
  nodeRedis("redis 6", require("redis") as typeof NodeRedis),
  nodeRedis("redis 5", require("redis5") as typeof NodeRedis),
];
