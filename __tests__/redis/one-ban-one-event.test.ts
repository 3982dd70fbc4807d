import { bunker, BanList, type BunkerEvent } from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { until } from "../support/until.js";
import { redisOfFile } from "./redis-of-file.js";

const { redis, stops } = redisOfFile();

async function storeOnRedis(): Promise<RedisStore> {
  const store = new RedisStore({ url: redis.url, timeout: 900, logger: false });
  stops.push(() => store.close());
  await store.ready();
  return store;
}

test("four instances that ban the same clients at once emit one event for each ban, and ban each for banTime", async () => {
  const events: BunkerEvent[] = [];
  const urls: string[] = [];
  for (let i = 0; i < 4; i++) {
    const guard = bunker({
      store: await storeOnRedis(),
      logger: false,
      bunkernet: false,
      badBehavior: { threshold: 3, banTime: 1000, banFactor: 10 },
      events: { banned: (event) => events.push(event) },
    });
    const app = await serve(EXPRESS.app([guard], plainSite));
    stops.push(() => guard.close());
    stops.push(() => app.close());
    await guard.ready();
    urls.push(app.url);
  }
  const clients = Array.from({ length: 20 }, (_, i) => `9.9.9.${i + 1}`);
  await Promise.all(
    clients.flatMap((from) =>
      Array.from({ length: 12 }, (_, i) => ask(urls[i % 4] as string, "/missing", { from })),
    ),
  );
  const bans = new BanList(await storeOnRedis());
  await until(async () => (await bans.list()).length === clients.length);
  await until(() => events.length >= clients.length);
  for (const ban of await bans.list())
    expect(Math.round((ban.expires!.getTime() - ban.date.getTime()) / 1000)).toBe(1000);
  expect(events.map(({ ip }) => ip).sort()).toEqual([...clients].sort());
});

test("a ban of a banned subject: a shorter one leaves it alone, a longer one replaces it, both are in force everywhere", async () => {
  const [one, two] = [new BanList(await storeOnRedis()), new BanList(await storeOnRedis())];
  const first = await one.addUnlessBanned("9.9.9.9", { ttl: 1000, reason: "first" });
  const same = await two.addUnlessBanned("9.9.9.9", { ttl: 1000, reason: "second" });
  const counted = await two.addUnlessBanned("9.9.9.9", { ttl: 2000, minTtl: 1000, reason: "counted" });
  const longer = await two.addUnlessBanned("9.9.9.9", { ttl: 2000, reason: "longer" });
  const bans = [first, same, counted, longer];
  expect(bans.map(({ isNew }) => isNew)).toEqual([true, false, false, true]);
  expect(bans.map(({ ban }) => ban.reason)).toEqual(["first", "first", "first", "longer"]);
  await until(async () => (await one.get("9.9.9.9"))?.reason === "longer");
  expect((await two.get("9.9.9.9"))?.reason).toBe("longer");
  await one.remove("9.9.9.9");
  await until(async () => (await two.get("9.9.9.9")) === undefined);
  expect((await two.addUnlessBanned("9.9.9.9", { ttl: 1000 })).isNew).toBe(true);
});
