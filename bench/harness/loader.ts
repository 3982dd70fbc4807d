import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { ClientHeaders, LoadJob, LoadResult } from "./load-process.js";

/** A handle of the process that makes the load. */
export interface Loader {
  measure(job: LoadJob): Promise<LoadResult>;
  stop(): void;
}

/** Starts the load process. It sends requests for each of `clients`, with that client's headers. */
export function startLoader(clients: readonly ClientHeaders[]): Loader {
  const child = fork(join(__dirname, "harness/load-process.js"));
  child.send({ clients });
  return {
    async measure(job) {
      const answered = once(child, "message", { signal: AbortSignal.timeout((job.seconds + 30) * 1000) });
      child.send({ job });
      const [result] = (await answered) as [LoadResult];
      return result;
    },
    stop: () => void child.kill(),
  };
}
