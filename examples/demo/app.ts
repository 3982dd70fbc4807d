// A sample site behind Bunker, started by `npm run demo`. It keeps everything in memory and contacts nobody.
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import express from "express";
import { bunker } from "express-bunker";
import { aboutPage, bansPage, homePage, notFoundPage, orderPage } from "./pages.js";
import { walkthrough } from "./walkthrough.js";

const guard = bunker({
  // On by default, and then addresses are shared; a sample site contacts nobody.
  bunkernet: false,
  // One secret for all instances, from the environment, on a real site; here passes need not outlive the process.
  sessions: { secret: randomBytes(32).toString("hex") },
  // Clients of the API cannot solve a challenge, so the gate leaves it alone; bans still hold there.
  antibot: { challenge: "javascript", ignoreUri: ["^/api/", "^/bans$"] },
  badBehavior: { threshold: 10, countTime: 60, banTime: 600 },
});

const app = express();
// Believes X-Forwarded-For from this machine alone. That is how the printed commands play different addresses.
app.set("trust proxy", "loopback");
app.use(guard);

app.get("/", (_req, res) => void res.send(homePage()));
app.get("/about", (_req, res) => void res.send(aboutPage()));
app.get("/order", (req, res) => void res.send(orderPage(req.query["done"] === "1")));
app.post("/order", express.urlencoded({ extended: false }), (_req, res) => {
  res.redirect(303, "/order?done=1");
});

app.get("/api/hello", (req, res) => void res.json({ hello: req.ip }));

// Anybody may see and lift bans here. On a real site these two belong behind a login.
app.get("/bans", async (req, res) => {
  const bans = await guard.bans.list();
  if (req.accepts(["json", "html"]) === "html") res.send(bansPage(bans));
  else res.json(bans);
});
app.delete("/api/bans/:ip", async (req, res) => {
  res.json({ removed: await guard.bans.remove(req.params.ip) });
});

app.use((req, res) => {
  res.status(404);
  if (req.path.startsWith("/api/")) res.json({ error: "not found" });
  else res.send(notFoundPage(req.path));
});

const port = Number(process.env["PORT"] ?? 3000);
const server = app.listen(port, (error?: NodeJS.ErrnoException) => {
  if (error === undefined) {
    console.log(walkthrough(`http://localhost:${(server.address() as AddressInfo).port}`));
    return;
  }
  console.error(
    error.code === "EADDRINUSE"
      ? `Port ${port} is taken. Choose another one:  PORT=${port + 1} npm run demo`
      : `The demo cannot listen on port ${port}: ${error.message}`,
  );
  process.exitCode = 1;
  void guard.close();
});

function stop(): void {
  server.close();
  server.closeAllConnections();
  void guard.close();
}
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
