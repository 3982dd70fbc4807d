import { bunker, type KindName } from "express-bunker";
import { listen } from "./listen.js";

// A gate with the kind of challenge that is its argument. It does not adapt to the crowd of clients that never solve anything.
listen(
  (app) =>
    void app.use(
      bunker({
        bunkernet: false,
        logger: false,
        sessions: { secret: "bench-secret-of-32-characters-xx" },
        antibot: { challenge: process.argv[2] as KindName, adaptive: false },
      }),
    ),
);
