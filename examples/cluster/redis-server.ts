import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A redis-server that this example started. */
export interface OwnRedis {
  readonly url: string;
  stop: () => Promise<void>;
}

/** How long the start may take. */
const PATIENCE_MS = 20_000;

/** Starts redis-server on a free loopback port, without persistence. Rejects if it is not installed. */
export async function startRedisServer(): Promise<OwnRedis> {
  const folder = mkdtempSync(join(tmpdir(), "bunker-example-"));
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = once(child, "close").catch(() => undefined);
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    process.off("exit", kill);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await once(child, "spawn");
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  for (const end = Date.now() + PATIENCE_MS; !(await answers(port));) {
    if (child.exitCode === null && Date.now() < end) continue;
    await stop();
    throw new Error(`redis-server does not respond: ${said.trim()}`);
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Returns whether a server accepts connections on `port`; if not, only after 50 ms, so that a loop can retry. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return false;
  } finally {
    socket.destroy();
  }
}
