import { RedisStore } from "express-bunker/redis";
import { listen } from "./listen.js";
import { mountStack, PARTS } from "./mount-stack.js";

// The same as bunker-pass, but on a Redis store.
listen(async (app) => {
  const store = new RedisStore({ url: process.env["REDIS_URL"] });
  await store.ready();
  await mountStack(app, PARTS, { store });
});
