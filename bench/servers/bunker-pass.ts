import { bunker } from "express-bunker";
import { listen } from "./listen.js";

// The hot path: bans are asked, the gate sees a valid pass, Bad Behavior looks at each answer.
listen(
  (app) =>
    void app.use(
      bunker({
        bunkernet: false,
        sessions: { secret: "bench-secret-of-32-characters-xx" },
        antibot: { challenge: "cookie" },
      }),
    ),
);
