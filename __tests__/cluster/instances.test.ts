import { startRedis, type RedisServer } from "../redis/servers.js";
import { ask, Jar, NAVIGATION, type Got } from "../support/ask.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";
import { Crowd } from "./crowd.js";
import { bundleProgram, Instance } from "./instance.js";
import { until } from "../support/until.js";

const THRESHOLD = 50;
const INSTANCES = 4;

let redis: RedisServer;
let instances: Instance[] = [];
const crowd = new Crowd(100);
const urls = (): string[] => instances.map(({ url }) => url);
const one = (index = 0): Instance => instances[index] as Instance;

beforeAll(async () => {
  redis = await startRedis();
  const program = bundleProgram("__tests__/cluster/app.ts", "instances.cjs");
  const env = { THRESHOLD: String(THRESHOLD) };
  instances = await Promise.all(
    Array.from({ length: INSTANCES }, () => Instance.start(program, redis.url, env)),
  );
});
afterAll(async () => {
  crowd.close();
  for (const instance of instances) await instance.kill();
  await redis.stop("SIGKILL");
});

/** The key in Redis of what is kept about an address; empty when there is none. */
const keyOf = (namespace: string, ip: string): Promise<string> =>
  redis.cli("keys", `bunker:${namespace}:*:${ip}*`);

/** How many bad answers of an address Redis has counted. */
async function countOf(ip: string): Promise<number> {
  const key = await keyOf("hit", ip);
  return key === "" ? 0 : Number(await redis.cli("llen", key));
}

/** Whether the address is banned on each instance. */
const banned = (ip: string): Promise<unknown[]> =>
  Promise.all(instances.map((instance) => instance.ask("is banned", ip)));

/** What each instance answers to an ordinary request of the address. */
const answers = (ip: string): Promise<number[]> =>
  Promise.all(urls().map(async (url) => (await ask(url, "/open", { from: ip })).status));

/** Opens the challenge on an instance and solves it. */
async function solved(url: string, from: string): Promise<{ jar: Jar; send: (to: string) => Promise<Got> }> {
  const jar = new Jar();
  const work = workOf((await openChallenge(url, "/", jar, { from })).text);
  const fields = { state: work.state, challenge: solve(work) };
  return { jar, send: (to) => post(to, work.action, fields, jar, { from }) };
}

/** A client with a pass. */
async function holder(url: string, from: string): Promise<Record<string, string>> {
  const { jar, send } = await solved(url, from);
  jar.take(await send(url));
  return { ...NAVIGATION, ...jar.header, "X-Forwarded-For": from };
}

test("10 000 bad requests of one address at once, spread over the instances, ban it at exactly the threshold", async () => {
  const ip = "8.8.0.1";
  const asked = { path: "/missing", headers: { "X-Forwarded-For": ip } };
  expect(await crowd.all(THRESHOLD - 1, urls(), asked)).toEqual({ 404: THRESHOLD - 1 });
  await until(async () => (await countOf(ip)) === THRESHOLD - 1);
  expect(await banned(ip)).toEqual(instances.map(() => false));
  const rest = await crowd.all(10_000 - THRESHOLD + 1, urls(), asked);
  expect((rest[404] ?? 0) + (rest[403] ?? 0)).toBe(10_000 - THRESHOLD + 1);
  expect(rest[404]).toBeGreaterThan(0);
  // Instances that counted on before the ban reached them ban, too: with what makes the threshold full, never with less.
  const counts = (await Promise.all(instances.map((instance) => instance.ask("evidence")))).flat();
  expect(counts.length).toBeGreaterThan(0);
  expect(new Set(counts)).toEqual(new Set([THRESHOLD]));
  await until(async () => (await answers(ip)).every((status) => status === 403));
  expect(await crowd.all(400, urls(), { path: "/open", headers: asked.headers })).toEqual({ 403: 400 });
  const ban = JSON.parse(await redis.cli("get", await keyOf("ban", ip))) as { reason_data: unknown[] };
  expect(ban.reason_data).toHaveLength(3);
});

test("R14 200 copies of one solution at once, over all instances, are one pass", async () => {
  const { send } = await solved(one().url, "8.8.0.2");
  const copies = await Promise.all(
    Array.from({ length: 200 }, (_, index) => send(urls()[index % INSTANCES] as string)),
  );
  const statuses = copies.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 403)).toHaveLength(199);
});

test("a challenge spent on one instance is spent on every other", async () => {
  const { send } = await solved(one(0).url, "8.8.0.3");
  expect((await send(one(1).url)).status).toBe(200);
  for (const url of urls()) expect((await send(url)).status).toBe(403);
});

test("R16 with one secret a pass of one instance holds on every other, and a ban and its end void it on all", async () => {
  const ip = "8.8.0.4";
  const headers = await holder(one(0).url, ip);
  const visits = (): Promise<number[]> =>
    Promise.all(urls().map((url) => crowd.ask({ url, path: "/", headers })));
  expect(await visits()).toEqual([200, 200, 200, 200]);
  await one(1).ask("ban", ip);
  await until(async () => (await banned(ip)).every((is) => is === true));
  expect(await visits()).toEqual([403, 403, 403, 403]);
  await one(2).ask("unban", ip);
  await until(async () => (await banned(ip)).every((is) => is === false));
  // The pass is older than the ban: the gate asks anew.
  expect((await visits()).filter((status) => status === 200)).toEqual([]);
  const fresh = await holder(one(3).url, ip);
  for (const url of urls()) expect(await crowd.ask({ url, path: "/", headers: fresh })).toBe(200);
});

test("R26 a ban made on any instance acts on all, its lifting too, and the next request does not ban again", async () => {
  for (const [index, instance] of instances.entries()) {
    const ip = `8.8.1.${index}`;
    await crowd.all(THRESHOLD - 1, urls(), { path: "/missing", headers: { "X-Forwarded-For": ip } });
    await until(async () => (await countOf(ip)) === THRESHOLD - 1);
    await instance.ask("ban", ip);
    await until(async () => (await answers(ip)).every((status) => status === 403));
    expect(await one((index + 1) % INSTANCES).ask("unban", ip)).toBe(true);
    await until(async () => (await answers(ip)).every((status) => status === 200));
    await crowd.all(1, urls(), { path: "/missing", headers: { "X-Forwarded-For": ip } });
    await until(async () => (await countOf(ip)) === 1);
    expect(await banned(ip)).toEqual(instances.map(() => false));
  }
});

test("an instance that starts later knows the bans and the passes there are", async () => {
  await one().ask("ban", "8.8.2.1");
  const headers = await holder(one().url, "8.8.2.2");
  const late = await Instance.start(bundleProgram("__tests__/cluster/app.ts", "late.cjs"), redis.url);
  try {
    expect((await ask(late.url, "/open", { from: "8.8.2.1" })).status).toBe(403);
    expect(await crowd.ask({ url: late.url, path: "/", headers })).toBe(200);
  } finally {
    await late.kill();
  }
});

/** How many commands Redis has run, without those with which instances see whether they hear, and our own question. */
async function commands(): Promise<number> {
  const stats = await redis.cli("info", "commandstats");
  return [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)]
    .filter(
      ([, name = ""]) => !["publish", "info", "hello", "ping"].includes(name) && !name.startsWith("client"),
    )
    .reduce((sum, [, , calls]) => sum + Number(calls), 0);
}

test("steady state: 800 requests of clients with passes and of banned ones over all instances, 0 commands", async () => {
  const clients = await Promise.all(
    Array.from({ length: 10 }, (_, index) => holder(one(index % INSTANCES).url, `8.8.3.${index}`)),
  );
  await one().ask("ban", "8.8.3.100");
  await until(async () => (await banned("8.8.3.100")).every((is) => is === true));
  const visit = async (): Promise<void> => {
    for (const headers of clients)
      expect(await crowd.all(40, urls(), { path: "/", headers })).toEqual({ 200: 40 });
    const headers = { "X-Forwarded-For": "8.8.3.100" };
    expect(await crowd.all(400, urls(), { path: "/open", headers })).toEqual({ 403: 400 });
  };
  const used: number[] = [];
  // On a machine that stands still for seconds an instance may take its connection for lost, and open another: that is no
  // command of a request, and a request's own would be there each time.
  for (let attempt = 0; attempt < 3 && !used.includes(0); attempt++) {
    const before = await commands();
    expect(before).toBeGreaterThan(0);
    await visit();
    used.push((await commands()) - before);
  }
  expect(Math.min(...used)).toBe(0);
});
