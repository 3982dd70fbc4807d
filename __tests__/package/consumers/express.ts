import express, { type Request } from "express";
import { antibot, badBehavior, bunker, MemoryStore, type ChallengeKind } from "express-bunker";

const app = express();
const store = new MemoryStore();
const guard = bunker<Request>({
  store,
  sessions: { secret: "a-secret-of-a-consumer" },
  antibot: { challenge: "cookie", ignoreUri: [/^\/api\//] },
  badBehavior: { threshold: 3 },
  // The request is Express's own, because it is said to be.
  skip: (req) => req.hostname === "health.test",
});
app.use(guard);

const gate = antibot<Request>({ store, challenge: "cookie", sessions: { secret: "a-secret-of-a-consumer" } });
app.use(badBehavior({ store }));
app.use(gate.uri, gate.router);
app.use(gate);

const sum: ChallengeKind<{ a: number; b: number }> = {
  name: "sum",
  issue: () => ({ a: 1, b: 2 }),
  page: ({ state }) => ({ body: `${state.a} + ${state.b} = <input name="sum">` }),
  verify: (state, fields) => Number(fields.get("sum")) === state.a + state.b,
};
app.use("/sum", antibot({ store, challenge: sum, sessions: { secret: process.env["SESSIONS_SECRET"] } }));

app.get("/bans", async (_req, res) => {
  const bans = await guard.bans.list();
  res.json(bans.map((ban): string => ban.ip));
});
