import { connect, type Socket } from "node:net";
import { badBehavior, MemoryStore, type BadBehavior, type BadBehaviorOptions } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, serve, type Served } from "../support/hosts.js";
import { until } from "../support/until.js";

const CLIENT = "9.9.9.9";
const THRESHOLD = 2;
const MOST = 2 * THRESHOLD;
const LONG = "x".repeat(20);

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Slow {
  readonly served: Served;
  readonly guard: BadBehavior;
  readonly clock: Clock;
  /** The requests that have reached the app, as "POST /path". */
  readonly reached: string[];
  /** Answers all requests that have no status yet. */
  readonly answer: (status: number) => void;
}

/** An app that answers only when the test says so, except at /quick. */
async function slowApp(options: BadBehaviorOptions = {}): Promise<Slow> {
  const clock = new Clock();
  const reached: string[] = [];
  const open = new Set<(status: number) => void>();
  const guard = badBehavior({
    logger: false,
    store: new MemoryStore({ now: clock.now }),
    now: clock.now,
    threshold: THRESHOLD,
    ...options,
  });
  const served = await serve(
    EXPRESS.app([guard], (req, res) => {
      reached.push(`${req.method} ${req.url}`);
      if (req.url === "/quick") res.end("fine");
      else
        open.add((status) => {
          res.statusCode = status;
          res.end("slow");
        });
    }),
  );
  stops.push(
    () => guard.close(),
    () => served.close(),
  );
  await guard.ready();
  const answer = (status: number): void => {
    for (const one of open) one(status);
    open.clear();
  };
  return { served, guard, clock, reached, answer };
}

/** Opens a connection and writes the head of a request, and `body`, whatever the head says about its length. */
function send({ served }: Slow, head: string, headers: Record<string, string> = {}, body = ""): Socket {
  const socket = connect(served.port, "127.0.0.1");
  stops.push(() => socket.destroy());
  socket.on("error", () => undefined).resume();
  const lines = Object.entries({ Host: "x", "X-Forwarded-For": CLIENT, ...headers });
  socket.write(
    `${head} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`,
  );
  return socket;
}

/** Sends `count` requests to the app, all of which reach it. */
async function fill(app: Slow, head: string, count: number, headers = {}, body = ""): Promise<void> {
  const before = app.reached.length;
  for (let i = 0; i < count; i++) send(app, head, headers, body);
  await until(() => app.reached.length === before + count);
}

const quick = async ({ served }: Slow): Promise<number> =>
  (await ask(served.url, "/quick", { from: CLIENT })).status;

describe("R23 an app that takes more than 5 s to answer", () => {
  const BODIES: [string, Record<string, string>, string][] = [
    ["complete", { "Content-Length": "3" }, "a=1"],
    ["withheld in part", { "Content-Length": "20" }, "a=1"],
    ["of unknown length", { "Transfer-Encoding": "chunked" }, "3\r\na=1\r\n"],
  ];
  test.each(BODIES)(
    "is reached by at most 2 × threshold unsafe requests of a client, bodies %s",
    async (_name, headers, body) => {
      const app = await slowApp();
      const { reached, clock, guard } = app;
      await fill(app, "POST /login", MOST, headers, body);
      const late = Array.from({ length: 6 }, () =>
        ask(app.served.url, "/login", { from: CLIENT, method: "POST" }),
      );
      clock.advance(6);
      // It waits behind them, and is served once their places were looked at.
      expect(await quick(app)).toBe(200);
      expect(reached.filter((one) => one === "POST /login")).toHaveLength(MOST);
      app.answer(401);
      expect((await Promise.all(late)).map(({ status }) => status)).toEqual(Array(6).fill(403));
      expect(await guard.bans.get(CLIENT)).toBeDefined();
      expect(reached.filter((one) => one === "POST /login")).toHaveLength(MOST);
    },
  );

  test("serves the client's pages meanwhile, and other unsafe requests in order once some have a status", async () => {
    const app = await slowApp();
    await fill(app, "POST /report", MOST);
    const last = ask(app.served.url, "/quick", { from: CLIENT, method: "POST" });
    app.clock.advance(5);
    expect([await quick(app), await quick(app)]).toEqual([200, 200]);
    expect(app.reached).not.toContain("POST /quick");
    app.answer(200);
    expect((await last).status).toBe(200);
    expect(await app.guard.bans.list()).toEqual([]);
  });

  test("counts a late bad status, whatever became of its place", async () => {
    const app = await slowApp();
    await fill(app, "GET /poll", MOST);
    app.clock.advance(5);
    expect(await quick(app)).toBe(200);
    app.answer(404);
    await until(async () => (await quick(app)) === 403);
  });

  test("may leave long polls and large uploads open: they keep no place after 5 s", async () => {
    const app = await slowApp();
    for (let round = 0; round < 3; round++) {
      await fill(app, "GET /poll", MOST);
      app.clock.advance(5);
    }
    expect(await quick(app)).toBe(200);
    for (let round = 0; round < 3; round++) {
      await fill(app, "PUT /upload", MOST, { "Content-Length": String(2 ** 20) }, LONG);
      app.clock.advance(5);
    }
    expect((await ask(app.served.url, "/quick", { from: CLIENT, method: "POST" })).status).toBe(200);
  });

  test("keeps no place of a request longer than countTime, nor of one that never counts", async () => {
    const app = await slowApp({ countTime: 30, ignoreUri: "^/bosh" });
    await fill(app, "POST /hangs", MOST);
    app.clock.advance(29);
    const before = app.reached.length;
    const last = ask(app.served.url, "/quick", { from: CLIENT, method: "POST" });
    expect(await quick(app)).toBe(200);
    expect(app.reached.slice(before)).toEqual(["GET /quick"]);
    app.clock.advance(1);
    expect((await last).status).toBe(200);

    const other = await slowApp({ ignoreUri: "^/bosh" });
    await fill(other, "POST /bosh", MOST);
    other.clock.advance(5);
    expect((await ask(other.served.url, "/quick", { from: CLIENT, method: "POST" })).status).toBe(200);
  });
});
