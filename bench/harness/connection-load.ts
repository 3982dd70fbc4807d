import { execFile, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ConnectionJob } from "./connection-process.js";

/** The result of one measurement. */
export interface ConnectionCounts {
  /** Connections that ended with a response of 200. */
  answered: number;
  /** Connections that ended without a byte. */
  dropped: number;
  seconds: number;
}

/** A program that opens connections with one request each, as fast as it can. */
export interface ConnectionLoad {
  readonly name: string;
  measure(port: number, seconds: number): Promise<ConnectionCounts>;
  stop(): void;
}

/** The number of connections at once, of all processes together. */
export const AT_ONCE = 64;

/** Returns wrk if it is installed, or else several processes of Node, which need more CPU time. */
export function connectionLoad(): ConnectionLoad {
  const found = spawnSync("wrk", ["-v"]).error === undefined;
  return found ? { name: "wrk", measure: wrk, stop: () => undefined } : processes();
}

async function wrk(port: number, seconds: number): Promise<ConnectionCounts> {
  const target = ["-H", "Connection: close", `http://127.0.0.1:${port}/`];
  const { stdout } = await promisify(execFile)("wrk", ["-t1", `-c${AT_ONCE}`, `-d${seconds}s`, ...target]);
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0);
  if (number(/Non-2xx or 3xx responses: (\d+)/) > 0) throw new Error(stdout);
  return {
    answered: number(/(\d+) requests in/),
    // After each connection that cannot be read or written, wrk opens another.
    dropped: number(/\bread (\d+), write/) + number(/\bwrite (\d+), timeout/),
    seconds: number(/requests in ([\d.]+)s/),
  };
}

function processes(): ConnectionLoad {
  const count = Math.max(2, availableParallelism() - 1);
  const children = Array.from({ length: count }, () =>
    fork(join(__dirname, "harness/connection-process.js")),
  );
  return {
    name: `${count} processes of Node`,
    async measure(port, seconds) {
      const all = await Promise.all(
        children.map(async (child) => {
          const answered = once(child, "message", { signal: AbortSignal.timeout((seconds + 30) * 1000) });
          child.send({ port, seconds, atOnce: Math.ceil(AT_ONCE / count) } satisfies ConnectionJob);
          const [counts] = (await answered) as [ConnectionCounts];
          return counts;
        }),
      );
      const sum = (name: keyof ConnectionCounts): number => all.reduce((total, one) => total + one[name], 0);
      return { answered: sum("answered"), dropped: sum("dropped"), seconds: sum("seconds") / count };
    },
    stop: () => children.forEach((child) => child.kill()),
  };
}
