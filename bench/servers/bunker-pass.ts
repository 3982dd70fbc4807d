import { bunker } from "express-bunker";
import { serveBunkernet } from "./bunkernet-list.js";
import { EMPTY_ZONES } from "./empty-zones.js";
import { listen } from "./listen.js";

const LISTED = 1_000_000;

// The hot path of the whole stack: bans are asked, a list of a million addresses, DNSBL's cached answer; the gate sees a valid
// pass, Bad Behavior looks at each answer.
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
