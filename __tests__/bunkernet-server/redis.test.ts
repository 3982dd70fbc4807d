import { RedisStore } from "../../src/redis/index.js";
import { startRedis, type RedisServer } from "../redis/servers.js";
import { listOf, members, report, reportOf, startNet } from "./members.js";
import { until } from "../support/until.js";

let redis: RedisServer;
beforeAll(async () => void (redis = await startRedis()));
afterAll(() => redis.stop("SIGKILL"));

test("R30 two servers on one Redis agree, and a third that starts later knows all of it", async () => {
  const stores = [0, 1, 2].map(() => new RedisStore({ url: redis.url, timeout: 900, logger: false }));
  const [first, second, third] = stores as [RedisStore, RedisStore, RedisStore];
  const one = await startNet({ store: first, minIdAge: 0, now: Date.now });
  const two = await startNet({ store: second, minIdAge: 0, now: Date.now });
  const people = await members(one, 3);
  const { id, from } = people[0] as { id: string; from: string };
  for (const [index, who] of people.entries())
    expect((await report(index === 1 ? two : one, who.from, who.id, [reportOf("8.8.8.8")])).status).toBe(200);
  await until(() => two.server.status().listed === 1 && one.server.status().listed === 1);
  expect(await listOf(two, from, id)).toEqual(["8.8.8.8"]);
  const late = await startNet({ store: third, minIdAge: 0, now: Date.now });
  expect(await listOf(late, from, id)).toEqual(["8.8.8.8"]);
  for (const net of [one, two, late]) await net.close();
  for (const store of stores) {
    store.close();
  }
});
