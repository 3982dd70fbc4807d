import { startRedis, type RedisServer } from "../redis/servers.js";
import { ask, Jar, NAVIGATION } from "../support/ask.js";
import { until } from "../support/until.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";
import { bundleProgram, Instance } from "./instance.js";

let redis: RedisServer;
let right: Instance;
let behind: Instance;
let ahead: Instance;

beforeAll(async () => {
  redis = await startRedis();
  const program = bundleProgram("__tests__/cluster/app.ts", "clocks.cjs");
  const start = (skew: number): Promise<Instance> =>
    Instance.start(program, redis.url, { CLOCK_SKEW: String(skew) });
  [right, behind, ahead] = await Promise.all([start(0), start(-300_000), start(300_000)]);
  // Asked once, so that each has read the bans, and Redis's time with them.
  for (const one of [right, behind, ahead]) await until(async () => !(await one.ask("is banned", "8.8.0.1")));
});
afterAll(async () => {
  for (const one of [right, behind, ahead]) await one.kill();
  await redis.stop("SIGKILL");
});

/** Solves the challenge of an instance; returns the cookies. */
async function passOf({ url }: Instance, from: string): Promise<Record<string, string>> {
  const jar = new Jar();
  const work = workOf((await openChallenge(url, "/", jar, { from })).text);
  jar.take(await post(url, work.action, { state: work.state, challenge: solve(work) }, jar, { from }));
  return jar.header;
}

const visit = async ({ url }: Instance, from: string, cookies: Record<string, string>): Promise<number> =>
  (await ask(url, "/", { from, headers: { ...NAVIGATION, ...cookies } })).status;

test("a fresh pass of any instance is good on all, though their clocks differ by ten minutes", async () => {
  const all = [right, behind, ahead];
  for (const [at, issuer] of all.entries()) {
    const from = `8.8.1.${at + 1}`;
    const cookies = await passOf(issuer, from);
    expect(await Promise.all(all.map((one) => visit(one, from, cookies)))).toEqual([200, 200, 200]);
  }
});

test("R16 a pass is void after a ban by an instance whose clock is behind", async () => {
  const from = "8.8.2.1";
  const cookies = await passOf(ahead, from);
  // Their clocks agree about the second, not about the millisecond.
  const issued = performance.now();
  await until(() => performance.now() - issued > 2000);
  await behind.ask("ban", from);
  await until(async () => await right.ask("is banned", from));
  await behind.ask("unban", from);
  await until(async () => !(await right.ask("is banned", from)));
  for (const one of [right, behind, ahead]) expect(await visit(one, from, cookies)).not.toBe(200);
});
