import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { InstanceJob, InstanceReport } from "../servers/redis-instance.js";

/** An instance in a separate process: bench/servers/redis-instance.ts. */
export class MeasuredInstance {
  private constructor(private readonly child: ChildProcess) {}

  static async start(): Promise<MeasuredInstance> {
    const child = fork(join(__dirname, "servers/redis-instance.js"));
    await once(child, "message", { signal: AbortSignal.timeout(60_000) });
    return new MeasuredInstance(child);
  }

  /** Makes the instance ban or unban addresses at the job's rate. Resolves when all changes are in Redis. */
  async run(job: Exclude<InstanceJob, { what: "report" }>): Promise<void> {
    await this.ask(job);
  }

  /** Returns what the instance has measured since the last report. */
  async report(): Promise<InstanceReport> {
    return (await this.ask({ what: "report" })) as InstanceReport;
  }

  stop(): void {
    this.child.kill();
  }

  private async ask(job: InstanceJob): Promise<unknown> {
    const answered = once(this.child, "message", { signal: AbortSignal.timeout(300_000) });
    this.child.send(job);
    const [answer] = (await answered) as [unknown];
    return answer;
  }
}

/** Returns the value that the given share (0 to 1) of all values stays below. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
