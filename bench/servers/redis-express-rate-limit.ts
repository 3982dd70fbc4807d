import { rateLimit } from "express-rate-limit";
import { RedisStore } from "rate-limit-redis";
import { createClient } from "redis";
import { listen } from "./listen.js";

// No client reaches this limit: only the counting is measured. It is set up as its documentation shows for node-redis.
listen(async (app) => {
  const client = createClient({ url: process.env["REDIS_URL"] });
  await client.connect();
  const store = new RedisStore({ sendCommand: (...args: string[]) => client.sendCommand(args) });
  app.use(rateLimit({ windowMs: 60_000, limit: 1e9, store }));
});
