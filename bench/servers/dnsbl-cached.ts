import { bunker } from "express-bunker";
import { EMPTY_ZONES } from "./empty-zones.js";
import { listen } from "./listen.js";

// The zone lists no address. After a client's first request its verdict is in the cache.
listen(
  (app) =>
    void app.use(
      bunker({
        bunkernet: false,
        logger: false,
        badBehavior: false,
        dnsbl: { list: "list.test" },
        resolver: EMPTY_ZONES,
      }),
    ),
);
