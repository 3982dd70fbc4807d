import { connect } from "node:net";
import {
  badBehavior,
  bunker,
  MemoryStore,
  type BadBehavior,
  type BadBehaviorOptions,
  type BunkerEvent,
  type Ban,
  type SharedOptions,
} from "../../src/index.js";
import { ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { HOSTS, EXPRESS, serve, type Host, type Served, type Site } from "../support/hosts.js";
import { until } from "../support/until.js";

const ATTACKER = "9.9.9.9";
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Left {
  readonly guard: BadBehavior;
  readonly served: Served;
  readonly clock: Clock;
  /** Makes a request, and leaves once it has reached the app. */
  leave(method?: string, path?: string): Promise<void>;
  /** The handlers of requests that the app has not answered yet. */
  readonly open: (() => void)[];
}

/** An app that answers only when told to, by `answer`. */
async function site(
  answer: Site,
  options: SharedOptions & BadBehaviorOptions = {},
  host: Host = EXPRESS,
): Promise<Left> {
  const clock = new Clock();
  const open: (() => void)[] = [];
  let gone = 0;
  const trust = host.trusts ? {} : { trustProxy: "loopback" as const };
  const guard = badBehavior({
    logger: false,
    store: new MemoryStore(),
    threshold: 3,
    now: clock.now,
    ...trust,
    ...options,
  });
  const served = await serve(
    host.app([guard], (req, res) => {
      req.socket.once("close", () => gone++);
      open.push(() => answer(req, res));
    }),
  );
  stops.push(
    () => guard.close(),
    () => served.close(),
  );
  await guard.ready();
  const leave = async (method = "POST", path = "/login"): Promise<void> => {
    const [before, left] = [open.length, gone];
    const socket = connect(served.port, "127.0.0.1", () =>
      socket.write(
        `${method} ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${ATTACKER}\r\nContent-Length: 0\r\n\r\n`,
      ),
    );
    await until(() => open.length > before);
    socket.destroy();
    await until(() => gone > left);
  };
  return { guard, served, clock, leave, open };
}

const status =
  (code: number): Site =>
  (_req, res) => {
    res.statusCode = code;
    res.end("answer");
  };
const banOf = ({ guard }: Left): Promise<Ban | undefined> => guard.bans.get(ATTACKER);
const answerAll = ({ open }: Left): void => {
  for (const answer of open.splice(0)) answer();
};

describe.each(HOSTS)("R23 on $name", (host) => {
  test("the status that the app sets after the client has left counts", async () => {
    const left = await site(status(401), {}, host);
    for (let i = 0; i < 3; i++) await left.leave();
    expect(await banOf(left)).toBeUndefined();
    answerAll(left);
    await until(async () => (await banOf(left)) !== undefined);
    expect((await banOf(left))?.data).toMatchObject([{ status: 401 }, { status: 401 }, { status: 401 }]);
  });
});

describe("R23 a client that leaves", () => {
  test.each<[string, Site]>([
    ["res.writeHead", (_req, res) => void res.writeHead(403).end()],
    ["res.write", (_req, res) => ((res.statusCode = 404), void res.write("part"))],
  ])("is counted by %s, and a good answer counts for nothing", async (_name, answer) => {
    const left = await site(answer);
    for (let i = 0; i < 3; i++) await left.leave("GET");
    answerAll(left);
    await until(async () => (await banOf(left)) !== undefined);
    const fine = await site(status(200));
    for (let i = 0; i < 3; i++) await fine.leave();
    answerAll(fine);
    fine.clock.advance(61);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await banOf(fine)).toBeUndefined();
  });

  test("gets 499 after countTime when the app sets no status: weight 1 for POST, 0 for GET and HEAD", async () => {
    const [post, get] = [await site(status(200)), await site(status(200))];
    for (let i = 0; i < 3; i++) await post.leave();
    for (let i = 0; i < 3; i++) await get.leave(i === 0 ? "HEAD" : "GET");
    post.clock.advance(60);
    get.clock.advance(60);
    await until(async () => (await banOf(post)) !== undefined);
    expect((await banOf(post))?.data).toMatchObject([{ status: 499 }, { status: 499 }, { status: 499 }]);
    answerAll(get);
    expect(await banOf(get)).toBeUndefined();
  });

  test("is counted as weight[499] says, and a weight hook is asked about other methods than GET and HEAD", async () => {
    const none = await site(status(200), { weight: { 499: 0 } });
    const each = await site(status(200), { weight: { 499: 3 } });
    const asked: string[] = [];
    const hook = await site(status(200), {
      weight: (req, code) => {
        asked.push(`${req.method ?? ""} ${code}`);
        return 3;
      },
    });
    for (let i = 0; i < 3; i++) await none.leave();
    await each.leave("GET");
    await hook.leave("GET");
    await hook.leave("POST");
    for (const { clock } of [none, each, hook]) clock.advance(60);
    await until(async () => (await banOf(each)) !== undefined && (await banOf(hook)) !== undefined);
    expect(await banOf(none)).toBeUndefined();
    expect(asked).toEqual(["POST 499"]);
  });

  test("behind another on its connection (pipelining) is counted, too", async () => {
    const left = await site(status(401));
    const post = `POST /login HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${ATTACKER}\r\nContent-Length: 0\r\n\r\n`;
    const socket = connect(left.served.port, "127.0.0.1", () => socket.write(post.repeat(4)));
    await until(() => left.open.length === 4);
    let closed = false;
    socket.once("close", () => (closed = true));
    socket.destroy();
    await until(() => closed);
    await until(async () => {
      answerAll(left);
      return (await banOf(left)) !== undefined;
    });
  });

  test("tries at most 2 × threshold times before the ban, however soon it leaves", async () => {
    const clock = new Clock();
    let guesses = 0;
    let begun = 0;
    const guard = badBehavior({ logger: false, store: new MemoryStore(), now: clock.now });
    const served = await serve(
      EXPRESS.app(
        [
          (_req, _res, next) => {
            begun++;
            next();
          },
          guard,
        ],
        (_req, res) => {
          guesses++;
          setTimeout(() => {
            res.statusCode = 401;
            res.end("no");
          }, 20);
        },
      ),
    );
    stops.push(
      () => guard.close(),
      () => served.close(),
    );
    for (let i = 0; i < 100; i++) {
      const socket = connect(served.port, "127.0.0.1", () =>
        socket.write(
          `POST /login HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${ATTACKER}\r\nContent-Length: 0\r\n\r\n`,
        ),
      );
      await until(() => begun > i);
      socket.destroy();
    }
    await until(async () => (await guard.bans.get(ATTACKER)) !== undefined);
    expect(guesses).toBeLessThanOrEqual(22);
  });

  test("R27 in detect mode is only reported", async () => {
    const left = await site(status(401), { mode: "detect" });
    const events: BunkerEvent[] = [];
    left.guard.events.on("banned", (event) => events.push(event));
    for (let i = 0; i < 3; i++) await left.leave();
    answerAll(left);
    await until(() => events.length === 1);
    expect([events[0]?.mode, await banOf(left)]).toEqual(["detect", undefined]);
  });
});

describe("R23 req.bunker.fail", () => {
  const failing =
    (failure?: { reason?: string; weight?: number }): Site =>
    (req, res) => {
      req.bunker?.fail(failure);
      res.end("wrong password");
    };

  async function tries(served: Served, count: number, path = "/login"): Promise<number[]> {
    const statuses: number[] = [];
    for (let i = 0; i < count; i++)
      statuses.push((await ask(served.url, path, { from: ATTACKER, method: "POST" })).status);
    return statuses;
  }

  async function app(answer: Site, guard: BadBehavior): Promise<Served> {
    const served = await serve(EXPRESS.app([guard], answer));
    stops.push(
      () => guard.close(),
      () => served.close(),
    );
    return served;
  }

  test("counts what is answered with 200, once a call, with its reason as evidence", async () => {
    const guard = badBehavior({ store: new MemoryStore(), logger: false, threshold: 3 });
    const served = await app(failing({ reason: `login\u001b[31m${"x".repeat(200)}` }), guard);
    expect(await tries(served, 4)).toEqual([200, 200, 200, 403]);
    const data = (await guard.bans.get(ATTACKER))?.data as { reason: string; path: string }[];
    expect(data[0]).toMatchObject({ method: "POST", path: "/login", status: 0 });
    expect(data[0]?.reason).toMatch(/^login\?\[31mx+$/);
    expect(data[0]?.reason.length).toBe(32);
  });

  test("weighs as told, and a weight that is none counts as 1 and is a fault", async () => {
    const faults: BunkerEvent[] = [];
    const options = { logger: false, threshold: 3 } as const;
    const heavy = badBehavior({ ...options, store: new MemoryStore() });
    expect(await tries(await app(failing({ weight: 2 }), heavy), 3)).toEqual([200, 200, 403]);
    const wrong = badBehavior({
      ...options,
      store: new MemoryStore(),
      events: { fault: (event) => faults.push(event) },
    });
    expect(await tries(await app(failing({ weight: -1 }), wrong), 4)).toEqual([200, 200, 200, 403]);
    expect(faults.map(({ protection, reason }) => `${protection}: ${reason}`)).toEqual(
      Array(3).fill("bad-behavior: argument"),
    );
  });

  test("counts as 1, with a fault, also if it is told with what is no object", async () => {
    const faults: unknown[] = [];
    const guard = badBehavior({
      store: new MemoryStore(),
      logger: false,
      threshold: 3,
      events: { fault: ({ data }) => faults.push(data) },
    });
    const served = await app(failing(null as never), guard);
    expect(await tries(served, 4)).toEqual([200, 200, 200, 403]);
    expect(faults).toEqual(
      Array(3).fill("req.bunker.fail: the argument must be an object { reason, weight }; it counts as 1"),
    );
  });

  test("has no effect for clients that never count, in detect mode, and without Bad Behavior", async () => {
    for (const options of [{ ignoreIp: ATTACKER }, { allow: [ATTACKER] }, { mode: "detect" as const }]) {
      const guard = badBehavior({ store: new MemoryStore(), logger: false, threshold: 1, ...options });
      expect(await tries(await app(failing(), guard), 3)).toEqual([200, 200, 200]);
      expect(await guard.bans.list()).toEqual([]);
    }
    const none = bunker({ store: new MemoryStore(), logger: false, badBehavior: false, bunkernet: false });
    const served = await serve(EXPRESS.app([none], failing()));
    stops.push(
      () => none.close(),
      () => served.close(),
    );
    expect(await tries(served, 3)).toEqual([200, 200, 200]);
  });

  test("counts at the service of the request, through bunker()", async () => {
    const guard = bunker({
      store: new MemoryStore(),
      logger: false,
      bunkernet: false,
      services: { "a.example.com": { badBehavior: { threshold: 2 } }, "b.example.com": {} },
    });
    const served = await serve(EXPRESS.app([guard], failing({ reason: "login" })));
    stops.push(
      () => guard.close(),
      () => served.close(),
    );
    const at = async (host: string): Promise<number> =>
      (await ask(served.url, "/", { from: ATTACKER, method: "POST", headers: { Host: host } })).status;
    expect([await at("a.example.com"), await at("a.example.com")]).toEqual([200, 200]);
    expect([await at("a.example.com"), await at("b.example.com")]).toEqual([403, 200]);
  });
});
