import type { BansPage, Overview } from "../../src/dashboard/api.js";
import { dashboardSite, type DashboardSite } from "../dashboard/site.js";
import { RedisStore } from "../../src/redis/index.js";
import { until } from "../support/until.js";
import { startRedis, type RedisServer } from "./servers.js";

let redis: RedisServer;
let stores: RedisStore[] = [];
beforeEach(async () => void (redis = await startRedis()));
afterEach(async () => {
  for (const store of stores) store.close();
  stores = [];
  await redis.stop("SIGKILL");
});

// The timeout is long because replies may be late on a busy machine.
async function instance(): Promise<DashboardSite> {
  const store = new RedisStore({ url: redis.url, timeout: 900, logger: false });
  stores.push(store);
  await store.ready();
  const made = await dashboardSite({ badBehavior: { threshold: 3 }, now: undefined }, { store });
  await made.guard.ready();
  return made;
}

const overview = async ({ operate }: DashboardSite): Promise<Overview> =>
  (await operate("/api/overview")).json as unknown as Overview;
const addresses = async ({ operate }: DashboardSite): Promise<string[]> =>
  ((await operate("/api/bans")).json as unknown as BansPage).bans.map(({ address }) => address).toSorted();

test("two instances on one Redis show the same numbers, bans and mode, and take each other's tokens", async () => {
  const [one, two] = [await instance(), await instance()];
  for (let n = 0; n < 3; n++) await one.status("81.2.69.1", "/missing");
  for (let n = 0; n < 4; n++) await two.status("81.2.69.2", "/");
  await until(async () => (await addresses(two)).length === 1);
  // What has happened in the last seconds is known to its instance only; asking shares it.
  await overview(one);
  await overview(two);
  const [ofOne, ofTwo] = [await overview(one), await overview(two)];
  expect(ofOne.counts.now).toMatchObject({ requests: 7, banned: 1, badResponses: 3 });
  expect(ofTwo.counts.now).toEqual(ofOne.counts.now);
  expect([ofOne.shared, ofTwo.shared]).toEqual([true, true]);
  const { csrf } = (await one.operate("/api/session")).json;
  const banned = await two.operate("/api/bans", {
    method: "POST",
    headers: { "X-Bunker-CSRF": String(csrf), "Content-Type": "application/json" },
    body: JSON.stringify({ address: "81.2.69.3" }),
  });
  expect(banned.status).toBe(201);
  await until(async () => (await addresses(one)).join() === "81.2.69.1,81.2.69.3");
  expect((await one.act("DELETE", "/api/bans/81.2.69.1")).json).toEqual({ removed: true });
  await until(async () => (await addresses(two)).join() === "81.2.69.3");
  await one.act("POST", "/api/mode", { mode: "detect", for: 60 });
  await until(async () => (await overview(two)).now.mode.mode === "detect");
  await one.act("POST", "/api/mode", { mode: "configured" });
});

test("a restarted instance shows what was counted before", async () => {
  const one = await instance();
  for (let n = 0; n < 3; n++) await one.status("81.2.69.1", "/missing");
  await overview(one);
  await one.page.close();
  await one.close();
  const again = await instance();
  const { counts } = await overview(again);
  expect(counts.now).toMatchObject({ requests: 3, banned: 1 });
  expect(await addresses(again)).toEqual(["81.2.69.1"]);
});

test("while Redis is away the page says so and goes on with what this instance knows", async () => {
  const one = await instance();
  for (let n = 0; n < 3; n++) await one.status("81.2.69.1", "/missing");
  await overview(one);
  await redis.stop("SIGKILL");
  await until(async () => {
    await one.status("81.2.69.2");
    return (await overview(one)).problem !== undefined;
  });
  const away = await overview(one);
  expect(away.health.find(({ name }) => name === "bans")).toMatchObject({ ok: false });
  expect(away.counts.now.requests).toBeGreaterThan(0);
  expect(await addresses(one)).toEqual(["81.2.69.1"]);
  const added = await one.act("POST", "/api/bans", { address: "81.2.69.9" });
  expect([201, 503]).toContain(added.status);
  expect(await one.status("81.2.69.9")).toBe(403);
});
