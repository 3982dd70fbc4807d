import { spawn, type ChildProcess } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";

/** A third-party server in a separate process. */
export interface ServerProcess {
  readonly port: number;
  readonly child: ChildProcess;
  /** Ends the process and waits until it has exited. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/** How to start a server. */
export interface ServerProgram {
  /** The program's name. It is searched for in Debian's folders for servers, then in PATH. */
  program: string;
  /** Returns the arguments for a port. It is called again with another port if the server does not start. */
  args(port: number): Promise<string[]> | string[];
  /** Resolves if the server responds on `port`; otherwise it rejects. */
  answers(port: number): Promise<unknown>;
  /** The port to use. Default: a free one. */
  port?: number;
}

const FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"];
const ATTEMPTS = 5;
/** How long one start may take, in ms: long enough for a cold disk and busy cores. */
const PATIENCE = 20_000;

/** Starts a server and waits until it responds. If it does not, the error contains its output. */
export async function startServer(how: ServerProgram): Promise<ServerProcess> {
  const path = FOLDERS.map((folder) => join(folder, how.program)).find(existsSync) ?? how.program;
  const told: string[] = [];
  for (let attempt = 0; attempt < (how.port === undefined ? ATTEMPTS : 1); attempt++) {
    const port = how.port ?? (await freePort());
    const child = spawn(path, await how.args(port), { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const hear = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-4000));
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", (error) => (said += error.message));
    letGo(child);
    if (await answering(how, port, child))
      return { port, child, stop: (signal) => stopProcess(child, signal) };
    told.push(`port ${port}, ${stateOf(child)}: ${said.trim()}`);
    await stopProcess(child, "SIGKILL");
  }
  throw new Error(`${how.program} does not answer:\n${told.join("\n")}`);
}

// A server that a failed test left behind does not keep this process alive.
function letGo(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as Socket | null)?.unref();
}

/** Ends a process and waits until it has exited. */
export async function stopProcess(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.ref();
  child.kill(signal);
  // A stopped process handles no other signal until it continues.
  child.kill("SIGCONT");
  await gone;
}

/**
 * Returns a loopback port that is free for UDP and TCP. It is below the range that systems use for outgoing connections, so
 * that no connection of another test takes it before the server does.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if ((await freeForUdp(port)) && (await freeForTcp(port))) return port;
  }
  throw new Error("no free port found");
}

async function answering(how: ServerProgram, port: number, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + PATIENCE;
  while (
    Date.now() < until &&
    child.pid !== undefined &&
    child.exitCode === null &&
    child.signalCode === null
  ) {
    try {
      await how.answers(port);
      return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return false;
}

function stateOf(child: ChildProcess): string {
  return child.exitCode === null ? `running, signal ${child.signalCode ?? "none"}` : `exit ${child.exitCode}`;
}

function freeForUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(false));
    socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}

function freeForTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
