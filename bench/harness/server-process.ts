import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** A message from a server of bench/servers to its parent. */
export type ServerMessage = { port: number } | { cpuMicroseconds: number };

/** A server in a separate process. */
export interface ServerProcess {
  readonly origin: string;
  /** Returns the CPU time that its process has used so far, including threads and garbage collection, in µs. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts bench/servers/<name>.ts with NODE_ENV=production on a free loopback port. */
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
        reject(new Error(`the server "${name}" does not respond`));
      }, 60_000);
      child.once("message", said);
      child.once("exit", died);
    });
  const first = await answer();
  if (!("port" in first)) throw new Error(`the server "${name}" did not send its port`);
  return {
    origin: `http://127.0.0.1:${first.port}`,
    async cpu() {
      const answered = answer();
      child.send("cpu");
      const message = await answered;
      if (!("cpuMicroseconds" in message)) throw new Error(`the server "${name}" did not send its CPU time`);
      return message.cpuMicroseconds;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}
