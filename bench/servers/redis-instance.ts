// One of several instances that share a Redis. It bans addresses on request and records the delay of the bans of others.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { bunker } from "express-bunker";
import { RedisStore } from "express-bunker/redis";

/** A job that the bench sends to an instance. */
export type InstanceJob =
  | { what: "ban"; first: number; count: number; perSecond: number }
  | { what: "unban"; first: number; count: number; perSecond: number }
  | { what: "report" };

/** The measurements of an instance since its last report. */
export interface InstanceReport {
  /** Times from the call that bans on another instance until this one knows the ban, in ms. */
  lags: number[];
  /** Times from a call that bans until it resolves, when the ban is in Redis, in ms. */
  writes: number[];
  /** When this instance began to lift a ban, in ms, by address. */
  lifting: Record<string, number>;
  /** When it was notified that a ban was lifted, in ms, by address. */
  lifted: Record<string, number>;
  /** CPU time of the process, in µs. */
  cpu: number;
  /** The heap after a collection, in bytes. */
  heap: number;
  /** The longest delay of the event loop, and the 99th percentile, in ms. */
  stall: number;
  stall99: number;
  /** The log lines about outages. */
  outages: string[];
}

/** The time in ms, by a clock that all processes of a machine share. */
const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

const outages: string[] = [];
const note = (line: string): void => void outages.push(line);
const logger = { info: note, warn: note, error: note };
// The longest timeout: Redis, the instances and other programs share the cores of this machine, and a late ban should count as
// late, not as an outage.
const store = new RedisStore({ url: process.env["REDIS_URL"], logger, timeout: 900 });
const guard = bunker({ store, logger: false, bunkernet: false });
const me = String(process.pid);
let lags: number[] = [];
let writes: number[] = [];
let lifting: Record<string, number> = {};
let lifted: Record<string, number> = {};
let cpu = process.cpuUsage();
const delay = monitorEventLoopDelay({ resolution: 1 });

// Listeners are called in the order of registration: the ban index, which requests use, has the change already.
store.watch("ban", ({ key, value }) => {
  const now = clock();
  if (value === undefined) lifted[key.slice("ban:".length)] = now;
  const [, who, at] = /"reason":"(\d+) ([\d.]+)"/.exec(value ?? "") ?? [];
  if (at !== undefined && who !== me) lags.push(now - Number(at));
});

const addressOf = (index: number): string =>
  `${50 + (index >> 24)}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;

async function paced(
  job: { first: number; count: number; perSecond: number },
  step: (ip: string) => Promise<unknown>,
) {
  const started = clock();
  const running: Promise<unknown>[] = [];
  for (let done = 0; done < job.count;) {
    const due = Math.min(job.count, Math.ceil(((clock() - started) / 1000) * job.perSecond));
    for (; done < due; done++) running.push(step(addressOf(job.first + done)));
    await pause(1);
  }
  await Promise.all(running);
}

async function work(job: InstanceJob): Promise<unknown> {
  if (job.what === "ban") {
    await paced(job, async (ip) => {
      const at = clock();
      await guard.bans.add(ip, { reason: `${me} ${at}`, ttl: 86_400 });
      writes.push(clock() - at);
    });
    return {};
  }
  if (job.what === "unban") {
    await paced(job, (ip) => {
      lifting[ip] = clock();
      return guard.bans.remove(ip);
    });
    return {};
  }
  const used = process.cpuUsage(cpu);
  global.gc?.();
  const report: InstanceReport = {
    lags,
    writes,
    lifting,
    lifted,
    cpu: used.user + used.system,
    heap: process.memoryUsage().heapUsed,
    stall: delay.max / 1e6,
    stall99: delay.percentile(99) / 1e6,
    outages: outages.splice(0),
  };
  lags = [];
  writes = [];
  lifting = {};
  lifted = {};
  cpu = process.cpuUsage();
  delay.reset();
  return report;
}

void guard.ready().then(() => {
  delay.enable();
  process.send?.({});
});
process.on("message", (job: InstanceJob) => void work(job).then((answer) => process.send?.(answer)));
// The parent is gone, so no other process would stop this one.
process.once("disconnect", () => process.exit());
