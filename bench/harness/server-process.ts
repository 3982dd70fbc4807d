import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** What a server of bench/servers tells its parent, and is asked by it. */
export type ServerMessage = { port: number } | { cpuMicroseconds: number };

/** A server in a process of its own. */
export interface ServerProcess {
  readonly origin: string;
  /** CPU time that its process has used so far, in µs, threads and garbage collection included. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts bench/servers/<name>.ts with NODE_ENV=production, on a free port of the loopback. */
export async function startServer(name: string): Promise<ServerProcess> {
  const child = fork(join(__dirname, `servers/${name}.js`), {
    env: { ...process.env, NODE_ENV: "production" },
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
        reject(new Error(`the server "${name}" does not answer`));
      }, 60_000);
      child.once("message", said);
      child.once("exit", died);
    });
  const first = await answer();
  if (!("port" in first)) throw new Error(`the server "${name}" did not say where it listens`);
  return {
    origin: `http://127.0.0.1:${first.port}`,
    async cpu() {
      const answered = answer();
      child.send("cpu");
      const message = await answered;
      if (!("cpuMicroseconds" in message)) throw new Error(`the server "${name}" did not say its CPU time`);
      return message.cpuMicroseconds;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}
