import { createServer as createHttp2Server, connect as connectHttp2 } from "node:http2";
import { Agent, get } from "node:http";
import { connect, type AddressInfo } from "node:net";
import {
  badBehavior,
  bunker,
  MemoryStore,
  type BadBehavior,
  type BadBehaviorOptions,
  type Store,
} from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { redisOfFile } from "../redis/redis-of-file.js";
import { ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, serve, type Served, type Site } from "../support/hosts.js";
import { until } from "../support/until.js";

const ATTACKER = "9.9.9.9";
const THRESHOLD = 10;
/** "2 × threshold + a few": the responses that end while the ban is written. */
const MOST = 2 * THRESHOLD + 2;

const { redis, stops } = redisOfFile();

async function storeOf(kind: string): Promise<Store> {
  if (kind === "memory") return new MemoryStore();
  const store = new RedisStore({ url: redis.url, timeout: 900, logger: false });
  stops.push(() => store.close());
  await store.ready();
  return store;
}

interface Attacked {
  readonly served: Served;
  readonly guard: BadBehavior;
  /** How many requests have reached the app. */
  readonly reached: () => number;
}

/** An app that answers by `answer`, behind Bad Behavior. */
async function attacked(
  answer: Site,
  options: BadBehaviorOptions & { store?: Store; now?: () => number } = {},
): Promise<Attacked> {
  let reached = 0;
  const guard = badBehavior({ logger: false, store: new MemoryStore(), ...options });
  const served = await serve(
    EXPRESS.app([guard], (req, res) => {
      reached++;
      answer(req, res);
    }),
  );
  stops.push(() => guard.close());
  stops.push(() => served.close());
  await guard.ready();
  return { served, guard, reached: () => reached };
}

const notFound: Site = (_req, res) => {
  res.statusCode = 404;
  res.end("no");
};
const later =
  (site: Site, ms = 20): Site =>
  (req, res) =>
    void setTimeout(() => site(req, res), ms);
const fine: Site = (_req, res) => void res.end("fine");

const request = (path: string, from = ATTACKER): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${from}\r\n\r\n`;

/** Writes everything at once on one connection, and returns the statuses that come back. */
function pipeline(port: number, text: string, count: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const statuses: number[] = [];
    let rest = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("HTTP/1.1 ");
      for (const line of lines.slice(1)) if (line.length >= 3) statuses.push(Number(line.slice(0, 3)));
      // A status line may be split between two chunks.
      rest = /(?:HTTP\/1\.1 ?\d{0,2}|HTTP?|H|HTTP\/1?\.?)$/.exec(rest + chunk)?.[0] ?? "";
      if (statuses.length >= count) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(statuses));
  });
}

describe.each(["memory", "Redis"])(
  "R23 on %s, at most 2 × threshold and a few bad requests reach the app",
  (kind) => {
    test.each([
      ["at once", notFound],
      ["after 20 ms", later(notFound)],
    ])("of 1000 pipelined ones that it answers %s", async (_name, answer) => {
      const { served, guard, reached } = await attacked(answer, { store: await storeOf(kind) });
      const statuses = await pipeline(served.port, request("/x").repeat(1000), 1000);
      expect(reached()).toBeLessThanOrEqual(MOST);
      expect(await guard.bans.get(ATTACKER)).toBeDefined();
      expect(statuses).toHaveLength(1000);
      expect(statuses.filter((status) => status !== 404 && status !== 403 && status !== 429)).toEqual([]);
    });

    test("of 1000 on 100 connections", async () => {
      const { served, guard, reached } = await attacked(later(notFound), { store: await storeOf(kind) });
      await Promise.all(
        Array.from({ length: 100 }, () =>
          pipeline(served.port, request("/x").repeat(10), 10).catch(() => []),
        ),
      );
      expect(reached()).toBeLessThanOrEqual(MOST);
      expect(await guard.bans.get(ATTACKER)).toBeDefined();
    });

    test("of 500 on streams of one HTTP/2 connection", async () => {
      let reached = 0;
      const guard = badBehavior({
        logger: false,
        store: await storeOf(kind),
        banLocal: true,
        trustProxy: false,
      });
      await guard.ready();
      const server = createHttp2Server((req, res) =>
        guard(req as never, res as never, () => {
          reached++;
          setTimeout(() => {
            res.statusCode = 404;
            res.end("no");
          }, 20);
        }),
      );
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      stops.push(
        () => server.close(),
        () => client.destroy(),
        () => guard.close(),
      );
      await Promise.all(
        Array.from(
          { length: 500 },
          () =>
            new Promise<void>((resolve) => {
              client.request({ ":path": "/x" }).on("close", resolve).on("error", resolve).resume();
            }),
        ),
      );
      expect(reached).toBeLessThanOrEqual(MOST);
      expect(await guard.bans.get("127.0.0.1")).toBeDefined();
    });
  },
);

describe("R23 visitors", () => {
  test("200 images asked for at once are all served", async () => {
    const { served } = await attacked(later(fine));
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async () => (await ask(served.url, "/image", { from: ATTACKER })).status),
    );
    expect(statuses).toEqual(Array(200).fill(200));
  });

  test("over six connections none of 200 images waits", async () => {
    let waited = 0;
    const guard = badBehavior({ logger: false, store: new MemoryStore() });
    const served = await serve(
      EXPRESS.app(
        [
          (_req, res, next) => {
            const seen = { reached: false };
            Object.assign(res, { reach: () => (seen.reached = true) });
            next();
            if (!seen.reached) waited++;
          },
          guard,
        ],
        (req, res) => {
          (res as unknown as { reach: () => void }).reach();
          later(fine)(req, res);
        },
      ),
    );
    stops.push(
      () => guard.close(),
      () => served.close(),
    );
    await guard.ready();
    const agent = new Agent({ keepAlive: true, maxSockets: 6 });
    stops.push(() => agent.destroy());
    await Promise.all(
      Array.from(
        { length: 200 },
        () =>
          new Promise((resolve, reject) => {
            get({ agent, port: served.port, headers: { "X-Forwarded-For": ATTACKER } }, (res) =>
              res.resume().on("end", resolve),
            ).on("error", reject);
          }),
      ),
    );
    expect(waited).toBe(0);
  });

  test("event streams do not take the place of other requests, nor do long polls after 5 s", async () => {
    const clock = new Clock();
    const { served } = await attacked(
      (req, res) => {
        if (req.url === "/stream") res.write("data: 1\n\n");
        else if (req.url !== "/poll") res.end("fine");
      },
      { threshold: 2, now: clock.now },
    );
    const open = async (path: string, count: number): Promise<void> => {
      const socket = connect(served.port, "127.0.0.1");
      stops.push(() => socket.destroy());
      socket.on("error", () => undefined);
      for (let i = 0; i < count; i++) socket.write(request(path));
      await new Promise((resolve) => socket.write("", resolve));
    };
    for (let i = 0; i < 6; i++) await open("/stream", 1);
    expect((await ask(served.url, "/", { from: ATTACKER })).status).toBe(200);
    for (let i = 0; i < 4; i++) await open("/poll", 1);
    let answered = false;
    const last = ask(served.url, "/", { from: ATTACKER }).then(({ status }) => {
      answered = true;
      return status;
    });
    expect((await ask(served.url, "/", { from: "8.8.8.8" })).status).toBe(200);
    expect(answered).toBe(false);
    clock.advance(5);
    expect(await last).toBe(200);
  });

  test("512 requests wait in order, those beyond and those that have waited 10 s get 429, which never counts", async () => {
    const clock = new Clock();
    const events: string[] = [];
    const order: string[] = [];
    const open: (() => void)[] = [];
    const { served, guard } = await attacked(
      (req, res) => {
        order.push(req.url ?? "");
        open.push(() => res.end("fine"));
      },
      { threshold: 1, now: clock.now },
    );
    guard.events.on("denied", ({ reason }) => events.push(reason));
    const all = Array.from({ length: 520 }, (_, i) => request(`/${i}`)).join("");
    const statuses = pipeline(served.port, all, 520);
    await until(() => events.length === 6);
    expect(order).toEqual(["/0", "/1"]);
    open.shift()?.();
    await until(() => order.length === 3);
    expect(order).toEqual(["/0", "/1", "/2"]);
    clock.advance(4);
    open.shift()?.();
    await until(() => order.length === 4);
    clock.advance(6);
    await until(() => events.length === 516);
    for (const end of open) end();
    const got = await statuses;
    expect(got.filter((status) => status === 200)).toHaveLength(4);
    expect(got.filter((status) => status === 429)).toHaveLength(516);
    expect(new Set(events)).toEqual(new Set(["too many requests at once"]));
    expect(await guard.bans.list()).toEqual([]);
  });

  test("a waiting request that leaves frees its place, and has reached nothing", async () => {
    const arrived: string[] = [];
    const gone: string[] = [];
    const reached: string[] = [];
    const open: (() => void)[] = [];
    const guard = badBehavior({ logger: false, store: new MemoryStore(), threshold: 1 });
    const served = await serve(
      EXPRESS.app(
        [
          (req, res, next) => {
            arrived.push(req.url ?? "");
            res.on("close", () => gone.push(req.url ?? ""));
            next();
          },
          guard,
        ],
        (req, res) => {
          reached.push(req.url ?? "");
          open.push(() => res.end("fine"));
        },
      ),
    );
    stops.push(
      () => guard.close(),
      () => served.close(),
    );
    const statuses: Promise<number>[] = [];
    const asks = async (path: string): Promise<void> => {
      statuses.push(ask(served.url, path, { from: ATTACKER, method: "POST" }).then(({ status }) => status));
      await until(() => arrived.includes(path));
    };
    await asks("/1");
    await asks("/2");
    const leaver = connect(served.port, "127.0.0.1", () =>
      leaver.write(request("/leaves").replace("GET", "POST")),
    );
    await until(() => arrived.includes("/leaves"));
    await asks("/3");
    leaver.destroy();
    await until(() => gone.includes("/leaves"));
    open.shift()?.();
    await until(() => reached.length === 3);
    expect(reached).toEqual(["/1", "/2", "/3"]);
    for (const end of open) end();
    expect(await Promise.all(statuses)).toEqual([200, 200, 200]);
    expect(await guard.bans.list()).toEqual([]);
  });

  test("R27 requests that wait for their turn go on when detect mode is set", async () => {
    const store = new MemoryStore();
    const ends: (() => void)[] = [];
    const { served, reached } = await attacked(
      (req, res) => {
        if (req.url === "/") ends.push(() => res.end());
        else res.end();
      },
      { threshold: 1, store },
    );
    const app = bunker({ store, logger: false, bunkernet: false });
    const post = { from: ATTACKER, method: "POST" };
    const asked = Array.from({ length: 6 }, () => ask(served.url, "/", post));
    await until(() => reached() === 2);
    await ask(served.url, "/other", { from: "8.8.8.8" });
    await app.mode("detect");
    await until(() => ends.length === 6);
    for (const end of ends) end();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 200));
    await app.close();
  });

  test("clients that never count are not limited, nor is anybody in detect mode", async () => {
    for (const options of [{ ignoreIp: ATTACKER }, { mode: "detect" as const }, { allow: [ATTACKER] }]) {
      const { served, reached } = await attacked(later(notFound), { threshold: 1, ...options });
      await Promise.all(Array.from({ length: 50 }, () => ask(served.url, "/", { from: ATTACKER })));
      expect(reached()).toBe(50);
    }
  });
});
