// A separate program with a RedisStore on the URL in argv[2]. It counts until the parent sends a message, then closes the store.
// After that nothing else may keep the process alive.
import { RedisStore } from "../../src/redis/index.js";

const store = new RedisStore({ url: process.argv[2] ?? "", logger: false });
const ready = store.ready();
ready.then(
  () => process.send?.("ready"),
  () => undefined,
);
const counting = setInterval(() => {
  store.increment("hit:8.8.8.8|x", 1, 60).catch(() => undefined);
}, 50);
process.once("message", () => {
  clearInterval(counting);
  store.close();
  process.disconnect();
});
