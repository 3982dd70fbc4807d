// One instance of an app, in a process of its own. Argument: Redis's url. Environment: SESSIONS_SECRET, THRESHOLD, CLOCK_SKEW.
import express from "express";
import type { AddressInfo } from "node:net";
import { BanList, bunker } from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { plainSite } from "../support/hosts.js";
import type { Answer, Question } from "./instance.js";

// A clock that is wrong, in ms.
const skew = Number(process.env["CLOCK_SKEW"] ?? 0);
if (skew !== 0) {
  const right = Date.now;
  Date.now = () => right() + skew;
}

const [url = ""] = process.argv.slice(2);

// The longest deadline there is: nothing here is about how busy the machine may be.
const open = (fallback: boolean): RedisStore =>
  new RedisStore({ url, timeout: 900, logger: false, fallback });

const store = open(true);
/** Writes of this one fail where the other's would wait for Redis: what it has written is in Redis. */
let strict: BanList | undefined;
const evidence: number[] = [];
const guard = bunker({
  store,
  logger: false,
  bunkernet: false,
  badBehavior: { threshold: Number(process.env["THRESHOLD"] ?? 10) },
  antibot: { challenge: "javascript", difficulty: 16, ignoreUri: ["^/(missing|open)"] },
  sessions: { secret: process.env["SESSIONS_SECRET"] },
  events: {
    banned: ({ protection, data }) => {
      if (protection !== "bad-behavior") return;
      const { statuses } = data as { statuses: Record<string, number> };
      evidence.push(Object.values(statuses).reduce((sum, count) => sum + count, 0));
    },
  },
});

async function answer({ what, ip }: Question): Promise<Answer["value"]> {
  switch (what) {
    case "ban":
      await guard.bans.add(ip, { ttl: 3600 });
      return true;
    case "ban in Redis":
      strict ??= new BanList(open(false));
      await strict.add(ip, { ttl: 3600 });
      return true;
    case "unban":
      return guard.bans.remove(ip);
    case "is banned":
      return (await guard.bans.get(ip)) !== undefined;
    case "evidence":
      return evidence;
  }
}

process.on("message", (question: Question) => {
  const tell = (told: Omit<Answer, "id">): void => void process.send?.({ id: question.id, ...told });
  answer(question).then(
    (value) => tell({ value }),
    (error: unknown) => tell({ error: String(error) }),
  );
});
// Its parent is gone: nobody is left to stop it.
process.once("disconnect", () => process.exit());

const app = express();
app.set("trust proxy", "loopback");
app.use(guard);
app.use(plainSite);
const server = app.listen(0, "127.0.0.1", () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
// A crowd keeps its connections between tests: one that the server closes just then would lose a request.
server.keepAliveTimeout = 600_000;
