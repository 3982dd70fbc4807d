import { RateLimiterMemory } from "rate-limiter-flexible";
import { listen } from "./listen.js";

// No client reaches this limit: only the counting is measured. It is mounted as its documentation shows for Express.
const limiter = new RateLimiterMemory({ points: 1e9, duration: 60 });

listen(
  (app) =>
    void app.use((req, res, next) => {
      limiter.consume(req.ip ?? "").then(
        () => next(),
        () => res.status(429).send("Too Many Requests"),
      );
    }),
);
