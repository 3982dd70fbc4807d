// One of the instances that `npm run example:cluster` starts: an ordinary app, with a store that all of them share.
import type { AddressInfo } from "node:net";
import express from "express";
import { bunker } from "express-bunker";
import { RedisStore } from "express-bunker/redis";

const name = process.env["INSTANCE"] ?? "";
const store = new RedisStore({ url: process.env["REDIS_URL"] });
const guard = bunker({
  store,
  // On by default, and then addresses are shared; an example contacts nobody.
  bunkernet: false,
  // The same secret everywhere: a pass that one instance gave holds on all.
  sessions: { secret: process.env["SESSIONS_SECRET"] },
  antibot: { challenge: "cookie", ignoreUri: ["^/api/"] },
  badBehavior: { threshold: 10, countTime: 60, banTime: 600 },
});

const app = express();
// Believes X-Forwarded-For from this machine alone, where the proxy is.
app.set("trust proxy", "loopback");
app.use((_req, res, next) => {
  res.set("X-Instance", name);
  next();
});
app.use(guard);

app.get("/", (_req, res) => void res.send(`hello from ${name}\n`));
app.get("/api/hello", (req, res) => void res.json({ hello: req.ip, instance: name }));
// Anybody may ban here. On a real site these two belong behind a login.
app.post("/api/bans/:ip", async (req, res) => {
  const { ip } = await guard.bans.add(req.params.ip, { reason: `by hand, at ${name}`, ttl: 600 });
  res.json({ banned: ip, instance: name });
});
app.delete("/api/bans/:ip", async (req, res) => {
  res.json({ removed: await guard.bans.remove(req.params.ip), instance: name });
});

const server = app.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  // Requests before that would wait for it themselves.
  void guard.ready().then(
    () => process.send?.({ port }),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

let stopped = false;
function stop(): void {
  // Ctrl-C in a terminal arrives here, too, before the parent's own word.
  if (stopped) return;
  stopped = true;
  server.close();
  server.closeAllConnections();
  void guard.close();
  store.close();
  if (process.connected) process.disconnect();
}
process.on("SIGINT", stop);
process.on("SIGTERM", stop);
// Its parent is gone: nobody is left to stop it.
process.once("disconnect", stop);
