import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";

/** A redis-server for this bench, with its statistics. */
export interface MeasuredRedis {
  readonly url: string;
  /** Returns the numbers of INFO by name; `calls.<command>` is how often a command was called, including by scripts. */
  numbers: () => Promise<Readonly<Record<string, number>>>;
  /** Deletes all keys. */
  flush: () => Promise<unknown>;
  stop: () => Promise<void>;
}

/** Starts redis-server on a free loopback port, without persistence. */
export async function startRedis(): Promise<MeasuredRedis> {
  const folder = mkdtempSync(join(tmpdir(), "bunker-bench-"));
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  const child = spawn("redis-server", args, { stdio: "ignore" });
  await once(child, "spawn");
  process.once("exit", () => child.kill("SIGKILL"));
  const url = `redis://127.0.0.1:${port}`;
  const client = createClient({ url });
  // The client retries until the server is up.
  client.on("error", () => undefined);
  await client.connect();
  return {
    url,
    async numbers() {
      const text = await client.sendCommand<string>(["INFO", "everything"]);
      const found: Record<string, number> = {};
      for (const [, name = "", value = ""] of text.matchAll(/^(\w+):([\d.]+)\r?$/gm))
        found[name] = Number(value);
      for (const [, name = "", value = ""] of text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm))
        found[`calls.${name}`] = Number(value);
      return found;
    },
    flush: () => client.sendCommand(["FLUSHALL"]),
    async stop() {
      client.destroy();
      const gone = once(child, "exit");
      child.kill();
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
