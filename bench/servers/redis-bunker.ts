import { bunker } from "express-bunker";
import { RedisStore } from "express-bunker/redis";
import { serveBunkernet } from "./bunkernet-list.js";
import { EMPTY_ZONES } from "./empty-zones.js";
import { listen } from "./listen.js";

const LISTED = 1_000_000;

// The same as bunker-pass, but on a Redis store.
listen(async (app) => {
  const store = new RedisStore({ url: process.env["REDIS_URL"] });
  await store.ready();
  const guard = bunker({
    store,
    bunkernet: { server: await serveBunkernet(LISTED) },
    dnsbl: { list: "list.test" },
    resolver: EMPTY_ZONES,
    sessions: { secret: "bench-secret-of-32-characters-xx" },
    antibot: { challenge: "cookie" },
  });
  await guard.ready();
  await guard.bunkernet?.sync();
  const { entries } = guard.bunkernet?.status().list ?? { entries: 0 };
  if (entries !== LISTED) throw new Error(`the list has ${entries} entries`);
  app.use(guard);
});
