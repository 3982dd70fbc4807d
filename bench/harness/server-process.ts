import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Profile } from "./cpu-profile.js";
import type { HeapReading, Question, ServerMessage } from "./self-report.js";

/** A server in a separate process. */
export interface ServerProcess {
  readonly origin: string;
  /** Returns the CPU time that its process has used so far, including threads and garbage collection, in µs. */
  cpu(): Promise<number>;
  /** Collects its garbage, and returns the memory in use. The server must run with `--expose-gc`. */
  collect(): Promise<HeapReading>;
  /** Returns the memory in use, and the number of collections since `collect`. */
  heap(): Promise<HeapReading>;
  /** Records a CPU profile while `work` runs. */
  profile(work: () => Promise<unknown>): Promise<Profile>;
  stop(): Promise<void>;
}

/** How to start a server. */
export interface StartOptions {
  /** Arguments for the server's program. */
  args?: readonly string[];
  /** Options for Node. */
  nodeOptions?: readonly string[];
}

/** Starts bench/servers/<name>.ts with NODE_ENV=production on a free loopback port. */
export async function startServer(name: string, options: StartOptions = {}): Promise<ServerProcess> {
  const child = fork(join(__dirname, `servers/${name}.js`), options.args ?? [], {
    env: { ...process.env, NODE_ENV: "production" },
    ...(options.nodeOptions && { execArgv: [...options.nodeOptions] }),
  });
  const answer = (): Promise<ServerMessage> =>
    new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        child.off("message", said);
        child.off("exit", died);
      };
      const said = (message: unknown): void => {
        settle();
        resolve(message as ServerMessage);
      };
      const died = (code: number | null): void => {
        settle();
        reject(new Error(`the server "${name}" ended with ${String(code)}`));
      };
      const timer = setTimeout(() => {
        settle();
        reject(new Error(`the server "${name}" does not respond`));
      }, 60_000);
      child.once("message", said);
      child.once("exit", died);
    });
  const ask = (question: Question): Promise<ServerMessage> => {
    const answered = answer();
    child.send(question);
    return answered;
  };
  const wrong = (message: ServerMessage): Error =>
    new Error(`unexpected message from the server "${name}": ${JSON.stringify(message)}`);
  const heapAfter = async (question: "collect" | "heap"): Promise<HeapReading> => {
    const message = await ask(question);
    if (!("heap" in message)) throw wrong(message);
    return message.heap;
  };
  const first = await answer();
  if (!("port" in first)) throw wrong(first);
  return {
    origin: `http://127.0.0.1:${first.port}`,
    async cpu() {
      const message = await ask("cpu");
      if (!("cpuMicroseconds" in message)) throw wrong(message);
      return message.cpuMicroseconds;
    },
    collect: () => heapAfter("collect"),
    heap: () => heapAfter("heap"),
    async profile(work) {
      await ask("start profile");
      await work();
      const message = await ask("stop profile");
      if (!("profile" in message) || message.profile === undefined) throw wrong(message);
      return message.profile;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}
