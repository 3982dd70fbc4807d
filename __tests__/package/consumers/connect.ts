import { createServer } from "node:http";
import connect from "connect";
import { bunker } from "express-bunker";
import { antibot } from "express-bunker/antibot";
import { badBehavior } from "express-bunker/bad-behavior";
import { MemoryStore } from "express-bunker/store";
import { describeStore } from "express-bunker/store-tests";

const store = new MemoryStore();
const app = connect();
app.use(
  bunker({ store, bunkernet: false, trustProxy: "loopback", sessions: { secret: "a-secret-of-a-consumer" } }),
);
app.use(badBehavior({ store, skip: (req) => req.url === "/health" }));
app.use(antibot({ store, challenge: "cookie", sessions: { secret: "a-secret-of-a-consumer" } }));
createServer(app);

export const kit: (...args: never[]) => void = describeStore;
