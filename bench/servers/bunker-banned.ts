import { bunker } from "express-bunker";
import { ADDRESSES } from "./clients.js";
import { listen } from "./listen.js";

listen(async (app) => {
  const guard = bunker({
    bunkernet: false,
    // The bans would log a thousand lines.
    logger: false,
    sessions: { secret: "bench-secret-of-32-characters-xx" },
    antibot: { challenge: "cookie" },
  });
  for (const address of ADDRESSES)
    await guard.bans.add(address, { reason: "bench", ttl: 86_400, scope: "global" });
  app.use(guard);
});
