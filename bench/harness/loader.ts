import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ClientHeaders } from "./keep-alive.js";
import type { LoadAnswer, LoadJob, LoadMessage, LoadResult } from "./load-process.js";

/** A handle of the process that makes the load. */
export interface Loader {
  /** Sends requests as the job says. Throws if a connection fails. */
  measure(job: LoadJob): Promise<LoadResult>;
  /** Sends for these clients to the server at `origin`, instead of those that the loader was started with. */
  assign(origin: string, clients: readonly ClientHeaders[]): void;
  stop(): void;
}

/** Starts the load process. It sends requests for each of `clients`, with that client's headers. */
export function startLoader(clients: readonly ClientHeaders[]): Loader {
  const child = fork(join(__dirname, "harness/load-process.js"));
  const send = (message: LoadMessage): void => void child.send(message);
  send({ clients });
  return {
    async measure(job) {
      const limit = "seconds" in job ? job.seconds + 30 : 120;
      const answered = once(child, "message", { signal: AbortSignal.timeout(limit * 1000) });
      send({ job });
      const [answer] = (await answered) as [LoadAnswer];
      if ("error" in answer) throw new Error(answer.error);
      return answer.result;
    },
    assign: (origin, own) => send({ clients: own, origin }),
    stop: () => void child.kill(),
  };
}
