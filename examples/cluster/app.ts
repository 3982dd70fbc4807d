// One of the instances that `npm run example:cluster` starts: an ordinary app on a store that all instances share.
import type { AddressInfo } from "node:net";
import express from "express";
import { bunker } from "express-bunker";
import { RedisStore } from "express-bunker/redis";

const name = process.env["INSTANCE"] ?? "";
const store = new RedisStore({ url: process.env["REDIS_URL"] });
const guard = bunker({
  store,
  // BunkerNet is on by default and shares addresses with other sites; an example should contact no other server.
  bunkernet: false,
  // All instances have the same secret, so that each accepts the passes of the others.
  sessions: { secret: process.env["SESSIONS_SECRET"] },
  antibot: { challenge: "cookie", ignoreUri: ["^/api/"] },
  badBehavior: { threshold: 10, countTime: 60, banTime: 600 },
});

const app = express();
// X-Forwarded-For is trusted only from this machine, where the proxy runs.
app.set("trust proxy", "loopback");
app.use((_req, res, next) => {
  res.set("X-Instance", name);
  next();
});
app.use(guard);

app.get("/", (_req, res) => void res.send(`hello from ${name}\n`));
app.get("/api/hello", (req, res) => void res.json({ hello: req.ip, instance: name }));
// Any client can ban with these two routes. On a real site they belong behind a login.
app.post("/api/bans/:ip", async (req, res) => {
  const { ip } = await guard.bans.add(req.params.ip, { reason: `by hand, at ${name}`, ttl: 600 });
  res.json({ banned: ip, instance: name });
});
app.delete("/api/bans/:ip", async (req, res) => {
  res.json({ removed: await guard.bans.remove(req.params.ip), instance: name });
});

const server = app.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  // An earlier request would wait until the guard is ready.
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
  // Ctrl-C in a terminal signals this process, too, before the parent does.
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
// The parent is gone, so no other process would stop this one.
process.once("disconnect", stop);
