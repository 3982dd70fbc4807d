// A program of its own: a RedisStore on the URL in argv[2], which counts all the time and is closed when the parent says so.
// Nothing else may keep the process alive then.
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
