import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openUrl } from "../../src/redis/clients/open-connection.js";
import { bundleProgram } from "../cluster/instance.js";
import { stopProcess } from "../support/server-process.js";
import { startSlowProxy, type SlowProxy } from "../support/slow-proxy.js";
import { until } from "../support/until.js";
import { startRedis, type RedisServer } from "./servers.js";

let redis: RedisServer;
let proxy: SlowProxy;
let child: ChildProcess | undefined;
beforeAll(async () => void (redis = await startRedis()));
afterAll(() => redis.stop("SIGKILL"));
beforeEach(async () => void (proxy = await startSlowProxy(redis.port)));
afterEach(async () => {
  if (child !== undefined) await stopProcess(child, "SIGKILL");
  child = undefined;
  await proxy.close();
});

/** Returns a loader that finds only one of the client libraries. */
function only(wanted: string): (name: string) => unknown {
  return (name) => {
    if (wanted.replace("5", "") !== name)
      throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    return require(wanted) as unknown;
  };
}

describe.each(["redis", "redis5", "ioredis", "ioredis5"])("through %s", (library) => {
  test("each renewal of a frozen connection closes the one before", async () => {
    const connection = openUrl(`redis://127.0.0.1:${proxy.port}`, only(library));
    await until(() => connection.isReady());
    proxy.frozen = true;
    for (let renewal = 1; renewal <= 10; renewal++) {
      connection.reconnect();
      // Half of the renewals interrupt an attempt that is not connected yet.
      if (renewal % 2 === 0) connection.reconnect();
      const { made } = proxy;
      await until(() => proxy.made > made || proxy.made >= renewal + 1);
    }
    await until(() => proxy.open <= 1);
    proxy.frozen = false;
    connection.reconnect();
    await until(() => connection.isReady());
    expect(await connection.send(["PING"], "")).toBe("PONG");
    expect(proxy.open).toBe(1);
    connection.close();
    await until(() => proxy.open === 0);
  });
});

test("a process whose Redis stands still ends by itself once the store is closed", async () => {
  const program = bundleProgram("__tests__/redis/lone-store.ts", "lone-store.cjs");
  const lone = (child = fork(program, [`redis://127.0.0.1:${proxy.port}`], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  }));
  await once(lone, "message");
  proxy.frozen = true;
  const { made } = proxy;
  // The connection for commands is renewed, and the subscribed one is reopened.
  await until(() => proxy.made >= made + 3, 60_000);
  lone.send("close");
  const [code] = (await once(lone, "exit")) as [number | null];
  expect(code).toBe(0);
});
