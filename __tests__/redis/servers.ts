import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, startServer, type ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";

const run = promisify(execFile);

/** Runs redis-cli and returns its output. Rejects if the server responds with an error or not at all. */
export async function redisCli(port: number, ...args: string[]): Promise<string> {
  const { stdout } = await run("redis-cli", ["-e", "-p", String(port), ...args], { timeout: 10_000 });
  return stdout.trimEnd();
}

/** A standalone redis-server. */
export interface RedisServer extends ServerProcess {
  readonly url: string;
  cli(...args: string[]): Promise<string>;
}

/** Starts redis-server, without persistence unless `args` enable it. */
export async function startRedis(args: readonly string[] = [], port?: number): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "bunker-redis-"));
  const server = await startServer({
    program: "redis-server",
    ...(port === undefined ? {} : { port }),
    args: (free) => ["--port", String(free), "--bind", "127.0.0.1", "--dir", folder, "--save", "", ...args],
    // An error (no password, loading) also shows that the server responds.
    answers: (free) => run("redis-cli", ["-p", String(free), "ping"], { timeout: 5000 }),
  });
  return {
    ...server,
    url: `redis://127.0.0.1:${server.port}`,
    cli: (...words) => redisCli(server.port, ...words),
    stop: async (signal) => {
      await server.stop(signal);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a Redis Cluster of three masters. */
export async function startCluster(): Promise<{ ports: number[]; stop(): Promise<void> }> {
  const nodes: RedisServer[] = [];
  for (let node = 0; node < 3; node++) {
    const bus = await freePort();
    nodes.push(
      await startRedis([
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        String(bus),
        "--cluster-node-timeout",
        "5000",
      ]),
    );
  }
  const ports = nodes.map(({ port }) => port);
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  await run("redis-cli", ["--cluster", "create", ...addresses, "--cluster-yes"], { timeout: 60_000 });
  await until(async () => {
    const states = await Promise.all(nodes.map((node) => node.cli("cluster", "info")));
    return states.every((state) => state.includes("cluster_state:ok"));
  });
  return {
    ports,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop("SIGKILL")));
    },
  };
}

/** A master, perhaps with a replica, and the Sentinel that watches it. */
export interface SentinelSetUp {
  readonly port: number;
  readonly master: RedisServer;
  readonly replica: RedisServer | undefined;
  /** Has Sentinel make the replica the master, as an operator does; resolves when that is done. */
  failover(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a master with a Sentinel, and a replica if asked for. */
export async function startSentinel({ replicate = false } = {}): Promise<SentinelSetUp> {
  const master = await startRedis();
  const replica = replicate ? await startRedis(["--replicaof", "127.0.0.1", String(master.port)]) : undefined;
  const folder = await mkdtemp(join(tmpdir(), "bunker-sentinel-"));
  const config = join(folder, "sentinel.conf");
  const { writeFile } = await import("node:fs/promises");
  const sentinel = await startServer({
    // redis-sentinel is the same program under another name.
    program: "redis-server",
    async args(port) {
      const lines = [`port ${port}`, `dir ${folder}`, `sentinel monitor bunker 127.0.0.1 ${master.port} 1`];
      await writeFile(config, `${lines.join("\n")}\n`);
      return [config, "--sentinel"];
    },
    answers: (port) => redisCli(port, "ping"),
  });
  const ask = (...words: string[]): Promise<string> => redisCli(sentinel.port, "sentinel", ...words);
  if (replica !== undefined) {
    await until(async () => (await replica.cli("info", "replication")).includes("master_link_status:up"));
    await until(async () => (await ask("replicas", "bunker")).includes(String(replica.port)));
  }
  return {
    port: sentinel.port,
    master,
    replica,
    async failover() {
      await ask("failover", "bunker");
      const { port } = replica as RedisServer;
      await until(async () => (await ask("get-master-addr-by-name", "bunker")).endsWith(String(port)));
      await until(async () => (await master.cli("role").catch(() => "")).startsWith("slave"));
    },
    stop: async () => {
      await sentinel.stop("SIGKILL");
      await Promise.all([master.stop("SIGKILL"), replica?.stop("SIGKILL")]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
