// One of several instances that share a Redis: bans when it is told to, and notes how late it hears of bans.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { bunker } from "express-bunker";
import { RedisStore } from "express-bunker/redis";

/** What the bench asks an instance. */
export type InstanceJob =
  | { what: "ban"; first: number; count: number; perSecond: number }
  | { what: "unban"; first: number; count: number; perSecond: number }
  | { what: "report" };

/** What an instance has seen since it was last asked. */
export interface InstanceReport {
  /** ms from the call on the instance that bans (or lifts) to this one's knowing it; its own left out. */
  lags: number[];
  /** ms from the call to its end, when Redis has it. */
  writes: number[];
  /** When this instance was told to lift the ban of an address, and when it heard that one was lifted: by address, in ms. */
  lifting: Record<string, number>;
  lifted: Record<string, number>;
  /** CPU time of the process, in µs. */
  cpu: number;
  /** The heap after a collection, in bytes. */
  heap: number;
  /** The longest stay of the event loop, and the 99th percentile, in ms. */
  stall: number;
  stall99: number;
  /** Lines about outages. */
  outages: string[];
}

// The same clock in all processes of a machine, in ms.
const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

const outages: string[] = [];
const note = (line: string): void => void outages.push(line);
const logger = { info: note, warn: note, error: note };
// The longest deadline: Redis, the instances and whatever else runs share a machine's cores here, and a ban that is late is to be
// seen as late, not as an outage.
const store = new RedisStore({ url: process.env["REDIS_URL"], logger, timeout: 900 });
const guard = bunker({ store, logger: false, bunkernet: false });
const me = String(process.pid);
let lags: number[] = [];
let writes: number[] = [];
let lifting: Record<string, number> = {};
let lifted: Record<string, number> = {};
let cpu = process.cpuUsage();
const delay = monitorEventLoopDelay({ resolution: 1 });

// Listeners are told in the order in which they came: the index of bans, which requests ask, knows it already.
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
// Its parent is gone: nobody is left to stop it.
process.once("disconnect", () => process.exit());
