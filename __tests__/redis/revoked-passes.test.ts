import { bunker, type Bunker } from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { ask, Jar, NAVIGATION } from "../support/ask.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";
import { until } from "../support/until.js";
import { redisOfFile } from "./redis-of-file.js";

const { redis, stops } = redisOfFile();

async function instance(ignoreUri?: string): Promise<{ app: Served; guard: Bunker }> {
  const store = new RedisStore({ url: redis.url, timeout: 900, logger: false });
  const guard = bunker({
    store,
    logger: false,
    bunkernet: false,
    sessions: { checkIp: false },
    antibot: { challenge: "javascript", difficulty: 16, ...(ignoreUri === undefined ? {} : { ignoreUri }) },
  });
  const app = await serve(EXPRESS.app([guard], plainSite));
  stops.push(
    () => store.close(),
    () => guard.close(),
    () => app.close(),
  );
  await guard.ready();
  return { app, guard };
}

async function getsIn({ app }: { app: Served }, jar: Jar, from: string): Promise<boolean> {
  const got = await ask(app.url, "/page", { from, headers: { ...NAVIGATION, ...jar.header } });
  return got.text.startsWith("site: ");
}

async function solved({ app }: { app: Served }, from: string): Promise<Jar> {
  const jar = new Jar();
  const work = workOf((await openChallenge(app.url, "/", jar, { from })).text);
  jar.take(await post(app.url, work.action, { state: work.state, challenge: solve(work) }, jar, { from }));
  return jar;
}

test("R16 a pass is void on every instance once one bans a client that showed it, and after a restart", async () => {
  const [one, two] = [await instance(), await instance()];
  const jar = await solved(one, "8.8.8.8");
  const honest = await solved(two, "9.9.9.9");
  expect(await getsIn(two, jar, "20.1.1.1")).toBe(true);
  const headers = { ...NAVIGATION, ...jar.header };
  for (let i = 0; i < 10; i++) await ask(one.app.url, "/missing", { from: "8.8.8.8", headers });
  await until(async () => !(await getsIn(two, jar, "20.1.1.1")));
  expect(await getsIn(two, honest, "9.9.9.9")).toBe(true);
  for (const stop of stops.splice(0).reverse()) await stop();
  const later = await instance();
  expect(await getsIn(later, jar, "20.2.2.2")).toBe(false);
  expect(await getsIn(later, honest, "9.9.9.9")).toBe(true);
});

test("R16 an instance that hears of a ban voids the passes that it alone was shown", async () => {
  const [one, two] = [await instance(), await instance()];
  const jar = await solved(one, "8.8.4.4");
  expect(await getsIn(two, jar, "8.8.4.4")).toBe(true);
  await one.guard.bans.add("8.8.4.4");
  await until(async () => !(await getsIn(one, jar, "20.1.1.1")));
  expect(await getsIn(two, jar, "20.1.1.1")).toBe(false);
});

test("R16 a pass that one instance was shown on an ignored path is void on all once another bans its bearer", async () => {
  const [one, two] = [await instance("^/missing/"), await instance("^/missing/")];
  const jar = await solved(one, "12.2.2.2");
  const headers = { ...NAVIGATION, ...jar.header };
  for (let i = 0; i < 5; i++) await ask(one.app.url, "/missing/api", { from: "11.1.1.1", headers });
  for (let i = 0; i < 5; i++)
    await ask(two.app.url, "/missing/api", { from: "11.1.1.1", headers: NAVIGATION });
  await until(async () => (await one.guard.bans.get("11.1.1.1")) !== undefined);
  await until(async () => !(await getsIn(two, jar, "20.1.1.1")));
  expect(await getsIn(one, jar, "20.1.1.1")).toBe(false);
});
