import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis, type RedisServer } from "../redis/servers.js";
import { Jar, NAVIGATION } from "../support/ask.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";
import { Crowd } from "./crowd.js";
import { bundleProgram, Instance } from "./instance.js";
import { until } from "../support/until.js";

const ROUNDS = 6;
/** Requests that must have been answered before the next thing happens. */
const STRETCH = 60;

let redis: RedisServer;
let instances: Instance[] = [];
let program: string;
const folder = mkdtempSync(join(tmpdir(), "bunker-kills-"));
const crowd = new Crowd(8);

const startKeeping = (port?: number): Promise<RedisServer> =>
  startRedis(["--dir", folder, "--appendonly", "yes", "--appendfsync", "always"], port);

beforeAll(async () => {
  program = bundleProgram("__tests__/cluster/app.ts", "kills.cjs");
  redis = await startKeeping();
  instances = await Promise.all([0, 1, 2].map(() => Instance.start(program, redis.url)));
});
afterAll(async () => {
  crowd.close();
  for (const instance of instances) await instance.kill();
  await redis.stop("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** The headers of a client with a pass. */
async function holder(url: string, from: string): Promise<Record<string, string>> {
  const jar = new Jar();
  const work = workOf((await openChallenge(url, "/", jar, { from })).text);
  jar.take(await post(url, work.action, { state: work.state, challenge: solve(work) }, jar, { from }));
  return { ...NAVIGATION, ...jar.header, "X-Forwarded-For": from };
}

/** Clients that go on asking whatever happens. */
class Load {
  readonly statuses: Record<string, Record<number, number>> = {};
  answered = 0;
  private running = true;
  private readonly workers: Promise<void>[];

  constructor(private readonly pass: Readonly<Record<string, string>>) {
    this.workers = Array.from({ length: 6 }, (_, index) => this.work(index));
  }

  /** Resolves when so many more requests were answered. */
  async more(count: number): Promise<void> {
    const goal = this.answered + count;
    await until(() => this.answered >= goal);
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.workers);
  }

  private async work(index: number): Promise<void> {
    for (let step = index; this.running; step++) {
      const { url } = instances[step % instances.length] as Instance;
      const from = `8.9.${index & 1}.1`;
      const [name, path, headers] = (
        [
          ["pass", "/", this.pass],
          ["bad", "/missing", { "X-Forwarded-For": from }],
          ["no pass", "/", { "X-Forwarded-For": from }],
        ] as const
      )[(step >> 2) % 3] as [string, string, Record<string, string>];
      try {
        const status = await crowd.ask({ url, path, headers });
        const counted = (this.statuses[name] ??= {});
        counted[status] = (counted[status] ?? 0) + 1;
        this.answered++;
      } catch {
        // That instance was killed just now.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }
}

/** Bans one address after the other; keeps those whose ban was acknowledged. */
class Banning {
  readonly acknowledged: string[] = [];
  private running = true;
  private readonly workers: Promise<void>[];

  constructor() {
    this.workers = [
      // The first instance lives on: there a ban that waits for Redis is acknowledged, too.
      this.work(20, () => [instances[0] as Instance, "ban"]),
      // An instance that is killed takes what waits along: there only what is in Redis counts.
      this.work(21, (step) => [instances[1 + (step % 2)] as Instance, "ban in Redis"]),
    ];
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.workers);
  }

  private async work(
    net: number,
    choose: (step: number) => [Instance, "ban" | "ban in Redis"],
  ): Promise<void> {
    for (let step = 0; this.running; step++) {
      const ip = `${net}.0.${(step >> 8) & 255}.${step & 255}`;
      const [instance, how] = choose(step);
      try {
        await instance.ask(how, ip);
        this.acknowledged.push(ip);
      } catch {
        // Not acknowledged.
      }
      // What is to be seen is whether any is lost, not how many there can be.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

/** Numbers that are the same in every run. */
function* dice(seed: number): Generator<number, never, undefined> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    yield state >>> 16;
  }
}

test("R36 kill -9 of Redis and of instances under load loses no acknowledged ban and answers nobody with 5xx", async () => {
  const load = new Load(await holder((instances[0] as Instance).url, "8.9.100.1"));
  const banning = new Banning();
  const random = dice(20_260_101);
  for (let round = 0; round < ROUNDS; round++) {
    await load.more(STRETCH);
    const victim = random.next().value % 2;
    // Both at once every third time.
    const [redisDies, appDies] = [round % 3 === 2 || round % 2 === 0, round % 3 === 2 || round % 2 === 1];
    if (redisDies) await redis.stop("SIGKILL");
    if (appDies) await (instances[1 + victim] as Instance).kill();
    await load.more(STRETCH);
    if (appDies) instances[1 + victim] = await Instance.start(program, redis.url);
    if (redisDies) redis = await startKeeping(redis.port);
  }
  await load.more(STRETCH);
  await banning.stop();
  await load.stop();

  for (const counted of Object.values(load.statuses))
    expect(Object.keys(counted).filter((status) => Number(status) >= 500)).toEqual([]);
  expect(Object.keys(load.statuses["pass"] ?? {})).toEqual(["200"]);
  expect(load.statuses["bad"]?.[404]).toBeGreaterThan(0);
  expect(load.statuses["bad"]?.[403]).toBeGreaterThan(0);
  const { acknowledged } = banning;
  expect(acknowledged.filter((ip) => ip.startsWith("20.")).length).toBeGreaterThan(10);
  expect(acknowledged.filter((ip) => ip.startsWith("21.")).length).toBeGreaterThan(10);

  // Two that lived on and two that start now, with nothing but what Redis knows.
  instances.push(await Instance.start(program, redis.url));
  for (const instance of instances) await until(async () => (await unknown(instance)).length === 0);

  async function unknown(instance: Instance): Promise<string[]> {
    const missing: string[] = [];
    for (const ip of acknowledged) if ((await instance.ask("is banned", ip)) !== true) missing.push(ip);
    return missing;
  }
});
