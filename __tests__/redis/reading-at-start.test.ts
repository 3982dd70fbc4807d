import { BanList, type Ban } from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import type { StoreChange } from "../../src/store/store.js";
import { BanIndex } from "../../src/bans/ban-index.js";
import { StoreScope } from "../../src/store/store-scope.js";
import { parseAddress } from "../../src/address/address.js";
import { startRedis, type RedisServer } from "./servers.js";

let redis: RedisServer;
const stores: RedisStore[] = [];
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  for (const store of stores) store.close();
  await redis.stop("SIGKILL");
});

async function open(): Promise<RedisStore> {
  const store = new RedisStore({ url: redis.url, logger: false, timeout: 900 });
  stores.push(store);
  await store.ready();
  return store;
}

const evidence = [{ path: '/"x",\n"reason_data":', status: 404 }];
// BunkerWeb writes the evidence before the end.
const theirs = {
  reason: "bad behavior",
  date: 1_700_000_000,
  service: "a",
  reason_data: evidence,
  ban_scope: "global",
  permanent: false,
};

test("an instance that starts reads bans without their evidence, and the evidence when it is asked for", async () => {
  const writer = await open();
  const bans = new BanList(writer);
  const written: Ban[] = [
    await bans.add("8.0.0.1", { ttl: 600, reason: "plain", data: evidence }),
    await bans.add("8.0.0.2", {
      ttl: 0,
      reason: 'with "quotes",\\ and ü',
      data: evidence,
      action: "challenge",
    }),
    (await bans.addUnlessBanned("2a10:1::1", { ttl: 600, service: "a|b", scope: "service", data: evidence }))
      .ban,
  ];
  await writer.set("ban:8.0.0.4", JSON.stringify(theirs), 600);
  await writer.set("ban:8.0.0.5", "only a reason", 600);
  await writer.set("ban:2A10:2:0:0::/64", JSON.stringify(theirs), 600);

  const reader = await open();
  const read = new Map<string, StoreChange>();
  for await (const page of reader.pages("ban")) for (const one of page) read.set(one.key, one);
  expect([...read.keys()].sort()).toEqual(
    ["8.0.0.1", "8.0.0.2", "2a10:1::/64|a|b", "8.0.0.4", "8.0.0.5", "2A10:2:0:0::/64"]
      .map((subject) => `ban:${subject}`)
      .sort(),
  );
  for (const key of ["ban:8.0.0.1", "ban:8.0.0.2", "ban:2a10:1::/64|a|b"]) {
    const { reason_data: data, ...head } = JSON.parse((await reader.get(key)) ?? "") as Record<
      string,
      unknown
    >;
    expect(data).toEqual(evidence);
    expect(JSON.parse(read.get(key)?.value ?? "")).toEqual(head);
  }
  expect(read.get("ban:8.0.0.4")?.value).toBe(JSON.stringify(theirs));
  expect(read.get("ban:8.0.0.5")?.value).toBe("only a reason");

  const known = new BanList(reader);
  const plain = ({ expires, ...ban }: Ban) => ({ ...ban, data: ban.data, permanent: expires === null });
  for (const ban of written) {
    const found = await known.get(ban.ip, ban.scope === "service" ? ban.service : undefined);
    expect(found && plain(found)).toEqual(plain(ban));
  }
  for (const subject of ["8.0.0.4", "2a10:2::1"])
    expect(await known.get(subject)).toMatchObject({ reason: "bad behavior", service: "a", data: evidence });
  expect(await known.get("8.0.0.5")).toMatchObject({ reason: "only a reason" });
  expect(await known.remove("2a10:2::1")).toBe(true);
});

test("R16 an instance that starts knows of every ban since when passes are void: of those that are over, too", async () => {
  const bans = new BanList(await open());
  const began = Date.now();
  for (let client = 1; client <= 20; client++)
    await bans.addUnlessBanned(`8.1.0.${client}`, { ttl: 600, service: client % 2 === 0 ? "a" : undefined });
  await bans.remove("8.1.0.3");
  await bans.remove("8.1.0.4");

  const index = StoreScope.of(await open()).get(BanIndex);
  await index.ready();
  for (let client = 1; client <= 20; client++) {
    const subject = { key: `8.1.0.${client}`, address: parseAddress(`8.1.0.${client}`) };
    const isOver = client === 3 || client === 4;
    expect(index.find(subject, "a") === undefined).toBe(isOver);
    expect(index.voids(subject, "a", began - 1)).toBe(true);
    expect(index.voids(subject, "a", Date.now() + 1)).toBe(false);
    expect(index.voids(subject, "b", began - 1)).toBe(client % 2 === 1);
  }
});
