// @ts-check
// One instance of the site. Visitors reach PORT through nginx. OPERATORS_PORT serves the dashboard, metrics and
// health, and the world must not reach it. compose.yaml and ../kubernetes/express-bunker.yaml set the environment variables.
import { once } from "node:events";
import express from "express";
import { bunker } from "express-bunker";
import { basicAuth, dashboard } from "express-bunker/dashboard";
import { healthz, metrics } from "express-bunker/metrics";
import { RedisStore } from "express-bunker/redis";

const { INSTANCE = "app", PORT = "3000", OPERATORS_PORT = "9464", BAN_LOCAL = "no" } = process.env;
const { REDIS_URL, TRUST_PROXY = "loopback", DASHBOARD_PASSWORD = "" } = process.env;

// Every instance is on the same Redis, so that they share bans, counters and spent challenges.
const store = new RedisStore({ url: REDIS_URL });
const guard = bunker({
  store,
  // All instances have the same secret, so that each accepts the passes of the others.
  sessions: { secret: process.env["SESSIONS_SECRET"] },
  antibot: { challenge: "javascript", ignoreUri: ["^/api/"] },
  badBehavior: { threshold: 10, countTime: 60, banTime: 3600 },
  // BunkerNet is on by default and shares addresses with other sites; an example should contact no other server.
  bunkernet: false,
  // Private addresses are never banned, and on your own machine you have one: BAN_LOCAL=yes is for trying things out.
  banLocal: BAN_LOCAL === "yes",
});

const operators = express();
operators.set("trust proxy", TRUST_PROXY);
operators.get("/metrics", metrics(guard));
operators.get("/healthz", healthz(guard));
// Without a password the app does not start.
const authorize = basicAuth({ users: { admin: DASHBOARD_PASSWORD } });
operators.use("/_bunker", dashboard({ bunker: guard, authorize }));

const app = express();
// The addresses of the proxies, and nothing else: X-Forwarded-For of anybody else is what a client made up.
app.set("trust proxy", TRUST_PROXY);
app.use((_req, res, next) => {
  res.set("X-Instance", INSTANCE);
  next();
});
app.use(guard);
app.get("/", (_req, res) => void res.send(`hello from ${INSTANCE}\n`));
app.get("/api/hello", (req, res) => void res.json({ hello: req.ip, instance: INSTANCE }));

// Probes get their answers while the bans are being read. Visitors are served once the guard knows them.
const operatorsServer = operators.listen(Number(OPERATORS_PORT));
/** @type {import("node:http").Server | undefined} */
let server;
let isStopping = false;
guard.ready().then(serve, fail);

function serve() {
  if (isStopping) return;
  server = app.listen(Number(PORT), () => console.log(`${INSTANCE} listens on port ${PORT}`));
  // Longer than nginx keeps idle connections to an upstream (60 s), so that no request meets one that has just closed.
  server.keepAliveTimeout = 75_000;
  // Upgrades (WebSockets) bypass middleware. This guards them, and a ban ends the event streams of its client.
  guard.guard(server);
}

/** @param {unknown} error */
function fail(error) {
  if (isStopping) return;
  // Whatever started the process starts it again.
  console.error(error);
  process.exit(1);
}

/** Serves what has begun, then writes and sends what is queued. */
async function stop() {
  if (isStopping) return;
  isStopping = true;
  if (server !== undefined) await finish(server);
  await guard.close();
  store.close();
  operatorsServer.close();
  operatorsServer.closeAllConnections();
}

/** @param {import("node:http").Server} serving */
async function finish(serving) {
  serving.close();
  serving.closeIdleConnections();
  // Long downloads and event streams do not end by themselves.
  const patience = setTimeout(() => serving.closeAllConnections(), 5_000);
  await once(serving, "close");
  clearTimeout(patience);
}

process.on("SIGINT", () => void stop());
process.on("SIGTERM", () => void stop());
