import { loadSettings } from "../../src/settings/index.js";
import type { RedisStore } from "../../src/redis/index.js";
import { redisCli, startRedis, startSentinel } from "../redis/servers.js";
import { until } from "../support/until.js";

async function bansAreShared(settings: Record<string, string>, port?: number): Promise<void> {
  const store = loadSettings({ USE_REDIS: "yes", ...settings }).store as RedisStore;
  try {
    await store.ready();
    await store.set("state:settings", "here", 60);
    expect(await store.get("state:settings")).toBe("here");
    if (port === undefined) return;
    // A ban as BunkerWeb writes it is this store's, too.
    await redisCli(port, "SET", "bans_ip_9.9.9.9", '{"reason":"manual","date":1,"ban_scope":"global"}');
    await until(async () => (await store.get("ban:9.9.9.9")) !== undefined);
  } finally {
    store.close();
  }
}

test("USE_REDIS: a store on that Redis and database, with bans that are BunkerWeb's", async () => {
  const redis = await startRedis();
  try {
    await bansAreShared(
      { REDIS_HOST: "127.0.0.1", REDIS_PORT: String(redis.port), REDIS_TIMEOUT: "900" },
      redis.port,
    );
    await bansAreShared({ REDIS_HOST: "127.0.0.1", REDIS_PORT: String(redis.port), REDIS_DATABASE: "2" });
  } finally {
    await redis.stop();
  }
});

test("USE_REDIS: a user and a password with signs in it", async () => {
  const redis = await startRedis(["--requirepass", "p@ss:w/d?"]);
  try {
    await bansAreShared({
      REDIS_HOST: "127.0.0.1",
      REDIS_PORT: String(redis.port),
      REDIS_PASSWORD: "p@ss:w/d?",
    });
  } finally {
    await redis.stop();
  }
});

test("REDIS_SENTINEL_HOSTS: the master that the Sentinels know", async () => {
  const sentinel = await startSentinel();
  try {
    await bansAreShared({
      REDIS_SENTINEL_HOSTS: `127.0.0.1:${sentinel.port}`,
      REDIS_SENTINEL_MASTER: "bunker",
    });
  } finally {
    await sentinel.stop();
  }
});
