import { bunker } from "express-bunker";
import { serveBunkernet } from "./bunkernet-list.js";
import { EMPTY_ZONES } from "./empty-zones.js";
import { listen } from "./listen.js";

const LISTED = 1_000_000;

// The hot path of all protections: bans, a list of a million addresses, a cached DNSBL verdict and a valid pass are checked for
// each request, and Bad Behavior checks the response.
listen(async (app) => {
  const guard = bunker({
    bunkernet: { server: await serveBunkernet(LISTED) },
    dnsbl: { list: "list.test" },
    resolver: EMPTY_ZONES,
    sessions: { secret: "bench-secret-of-32-characters-xx" },
    antibot: { challenge: "cookie" },
  });
  await guard.bunkernet?.sync();
  const { entries } = guard.bunkernet?.status().list ?? { entries: 0 };
  if (entries !== LISTED) throw new Error(`the list has ${entries} entries`);
  app.use(guard);
});
