import { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import { listen } from "./listen.js";

// No client reaches this limit: only the counting is measured. It is set up as its documentation shows for ioredis and Express.
const client = new Redis(process.env["REDIS_URL"] ?? "", { enableOfflineQueue: false });
const limiter = new RateLimiterRedis({ storeClient: client, points: 1e9, duration: 60 });

listen(async (app) => {
  await new Promise((resolve) => client.once("ready", resolve));
  app.use((req, res, next) => {
    limiter.consume(req.ip ?? "").then(
      () => next(),
      () => res.status(429).send("Too Many Requests"),
    );
  });
});
