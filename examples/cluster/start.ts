// `npm run example:cluster` runs this: a redis-server, two instances of an app and a proxy in front of them, all on loopback.
import { fork, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { startRedisServer } from "./redis-server.js";
import { roundRobin } from "./round-robin.js";
import { walkthrough } from "./walkthrough.js";

const stops: (() => unknown)[] = [];
let stopping: Promise<void> | undefined;

function stop(): Promise<void> {
  return (stopping ??= (async () => {
    for (const step of stops.reverse()) await step();
  })());
}

async function startInstance(name: string, env: Record<string, string>): Promise<number> {
  const child = fork(join(__dirname, "app.js"), { env: { ...process.env, ...env, INSTANCE: name } });
  stops.push(() => end(child));
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`instance ${name} ended with ${String(code)}`);
  });
  // Once the instance runs, its end is not handled here: the proxy responds with 502.
  failed.catch(() => undefined);
  const [{ port }] = (await Promise.race([once(child, "message"), failed])) as [{ port: number }];
  return port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill();
  await gone;
}

async function main(): Promise<void> {
  const redis = await startRedisServer();
  stops.push(() => redis.stop());
  const env = { REDIS_URL: redis.url, SESSIONS_SECRET: randomBytes(32).toString("hex") };
  const ports = [await startInstance("one", env), await startInstance("two", env)];
  const proxy = roundRobin(ports).listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1");
  await once(proxy, "listening");
  stops.push(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  const [one = 0, two = 0] = ports;
  console.log(walkthrough({ site: at((proxy.address() as AddressInfo).port), one: at(one), two: at(two) }));
}

// Children that are still starting end with this process. Ctrl-C arrives twice: from the terminal and from npm's script.
const leave = (): void => void stop().then(() => process.exit());
process.on("SIGINT", leave);
process.on("SIGTERM", leave);
main().catch((error: unknown) => {
  // After Ctrl-C a start that was under way fails, as expected.
  if (stopping !== undefined) return;
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" && path === "redis-server") {
    console.error(
      "This example needs redis-server, which is not installed.\n" +
        "  Debian or Ubuntu, as root:  apt-get install redis-server\n" +
        "  macOS:                      brew install redis",
    );
  } else if (code === "EADDRINUSE") {
    console.error(`That port is taken. Choose another one:  PORT=3100 npm run example:cluster (${message})`);
  } else console.error(error);
  process.exitCode = 1;
  void stop();
});
