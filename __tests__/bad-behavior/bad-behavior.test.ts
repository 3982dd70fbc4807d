import type { IncomingMessage } from "node:http";
import {
  antibot,
  type BadBehavior,
  badBehavior,
  BanList,
  bunker,
  MemoryStore,
  type BadBehaviorOptions,
  type SharedOptions,
} from "../../src/index.js";
import { ask, NAVIGATION } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { HOSTS, EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";
import { site as startSite, type TestSite } from "../support/site.js";

const ATTACKER = "9.9.9.9";
const VISITOR = "8.8.8.8";

let served: Served | undefined;
const clock = new Clock();

function site(
  options: SharedOptions & BadBehaviorOptions = {},
  host = EXPRESS,
): Promise<TestSite<BadBehavior>> {
  return startSite((shared) => badBehavior({ ...shared, logger: false, ...options, store: shared.store }), {
    clock,
    host,
    store: options.store,
    record: ["denied", "banned", "unbanned", "fault"],
  });
}

async function bad(
  url: string,
  times: number,
  options: { from?: string; path?: string; headers?: Record<string, string> } = {},
): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i++)
    statuses.push((await ask(url, options.path ?? `/missing/${i}`, { from: ATTACKER, ...options })).status);
  return statuses;
}

afterEach(async () => {
  await served?.close();
  served = undefined;
});

describe.each(HOSTS)("on $name", (host) => {
  test("the tenth bad answer bans, the eleventh request is refused, another address is not", async () => {
    const { url } = await site({}, host);
    expect(await bad(url, 10)).toEqual(Array(10).fill(404));
    expect(await bad(url, 2)).toEqual([403, 403]);
    expect((await ask(url, "/", { from: ATTACKER })).status).toBe(403);
    expect((await ask(url, "/", { from: VISITOR })).text).toBe("site: /");
  });

  test("a rejection inside our middleware never hangs a request", async () => {
    const store = new MemoryStore();
    const broken = Object.assign(Object.create(store) as MemoryStore, {
      hit: () => Promise.reject(new Error("down")),
      get: () => Promise.reject(new Error("down")),
      // eslint-disable-next-line @typescript-eslint/require-await
      async *keys() {
        throw new Error("down");
      },
    });
    const { url, events } = await site({ store: broken }, host);
    expect((await ask(url, "/missing", { from: ATTACKER })).status).toBe(404);
    const told = events.map(({ type, protection, reason }) => `${type}: ${protection}, ${reason}`);
    expect([...new Set(told)]).toEqual(["fault: bans, store", "fault: bad-behavior, store"]);
  });
});

describe("configurations", () => {
  const codes = [400, 401, 403, 404, 405, 429, 444];

  test("each default status counts, others do not", async () => {
    const { url, guard } = await site({ threshold: 2 });
    for (const [index, status] of codes.entries()) {
      const from = `9.9.1.${index}`;
      await bad(url, 2, { from, path: `/status/${status}` });
      expect([status, (await guard.bans.get(from))?.reason]).toEqual([status, "bad behavior"]);
    }
    for (const [index, status] of [200, 301, 410, 500, 503].entries()) {
      const from = `9.9.2.${index}`;
      await bad(url, 3, { from, path: `/status/${status}` });
      expect([status, await guard.bans.get(from)]).toEqual([status, undefined]);
    }
  });

  test("strict: five within 120 s, errors of the server too, a global ban of seven days", async () => {
    const { url, guard } = await site({
      statusCodes: "400 401 403 404 405 429 444 500 502 503",
      threshold: 5,
      countTime: 120,
      banTime: 604_800,
      banScope: "global",
    });
    for (const status of [500, 502, 503, 404]) await bad(url, 1, { path: `/status/${status}` });
    clock.advance(100);
    await bad(url, 1, { path: "/status/500" });
    const ban = await guard.bans.get(ATTACKER);
    expect(ban).toMatchObject({ ip: ATTACKER, scope: "global", reason: "bad behavior" });
    expect((ban!.expires!.getTime() - ban!.date.getTime()) / 1000).toBe(604_800);
  });

  test("lenient: 401, 403 and 429 only, twenty within 30 s, one hour", async () => {
    const { url, guard } = await site({
      statusCodes: "401 403 429",
      threshold: 20,
      countTime: 30,
      banTime: 3600,
    });
    await bad(url, 30, { path: "/missing" });
    await bad(url, 19, { path: "/status/401" });
    expect(await guard.bans.get(ATTACKER)).toBeUndefined();
    await bad(url, 1, { path: "/status/429" });
    expect(await guard.bans.get(ATTACKER)).toBeDefined();
    clock.advance(3599);
    expect((await ask(url, "/", { from: ATTACKER })).status).toBe(403);
    clock.advance(1);
    expect((await ask(url, "/", { from: ATTACKER })).status).toBe(200);
  });

  test("permanent: banTime 0 is for good, everywhere", async () => {
    const { url, guard } = await site({ banTime: 0, banScope: "global" });
    await bad(url, 10);
    expect((await guard.bans.get(ATTACKER))!.expires).toBeNull();
    clock.advance(10 * 365 * 86_400);
    expect((await ask(url, "/", { from: ATTACKER })).status).toBe(403);
  });

  test("the window slides: old answers leave it one by one", async () => {
    const { url, guard } = await site();
    await bad(url, 5);
    clock.advance(30);
    await bad(url, 4);
    clock.advance(30);
    await bad(url, 5);
    expect(await guard.bans.get(ATTACKER)).toBeUndefined();
    await bad(url, 1);
    expect(await guard.bans.get(ATTACKER)).toBeDefined();
  });

  test("the data of a ban names the responses that led to it", async () => {
    const { url, guard } = await site({ threshold: 3 });
    await bad(url, 1, { path: "/missing/a?secret=1" });
    clock.advance(1);
    await bad(url, 2, { path: "/missing/b" });
    const { data } = (await guard.bans.get(ATTACKER))!;
    expect(data).toEqual([
      {
        date: new Date(clock.now() - 1000).toISOString(),
        id: expect.any(String),
        method: "GET",
        path: "/missing/a",
        status: 404,
      },
      { date: expect.any(String), id: expect.any(String), method: "GET", path: "/missing/b", status: 404 },
      { date: expect.any(String), id: expect.any(String), method: "GET", path: "/missing/b", status: 404 },
    ]);
  });

  test("icons and robots.txt never count; ignoreIp and ignoreUserAgent do not either", async () => {
    const { url, guard } = await site({ threshold: 2, ignoreIp: "9.9.3.0/24", ignoreUserAgent: ["^probe/"] });
    for (const path of [
      "/favicon.ico",
      "/apple-touch-icon.png",
      "/apple-touch-icon-precomposed.png",
      "/robots.txt",
    ]) {
      await bad(url, 3, { path: `${path}?v=1`.replace("?v=1", "") });
    }
    await bad(url, 5, { from: "9.9.3.7" });
    await bad(url, 5, { headers: { "User-Agent": "probe/1" } });
    expect(await guard.bans.list()).toEqual([]);
    await bad(url, 2);
    expect((await guard.bans.list()).map(({ ip }) => ip)).toEqual([ATTACKER]);
  });

  test("a wrong weight is named with its status", () => {
    const wrong = { 499: -1, 401: "2", 777: 1 } as never;
    expect(() => badBehavior({ weight: wrong })).toThrow(
      /weight\.401: got "2"; allowed: a whole number from 0[^]*weight\.499: got -1; allowed: a whole number from 0[^]*weight\.777: got 1; allowed: a status code/,
    );
    expect(() => badBehavior({ weight: 3 as never })).toThrow(
      /weight: got 3; allowed: an object of status codes/,
    );
  });

  test("weights: by status, and by a hook", async () => {
    const first = await site({ weight: { 401: 5, 404: 0 } });
    await bad(first.url, 20);
    await bad(first.url, 1, { path: "/status/401" });
    expect(await first.guard.bans.get(ATTACKER)).toBeUndefined();
    await bad(first.url, 1, { path: "/status/401" });
    expect(await first.guard.bans.get(ATTACKER)).toBeDefined();
    const second = await site({ weight: (req: IncomingMessage) => (req.url?.includes("wp-login") ? 10 : 1) });
    await bad(second.url, 1, { path: "/missing/wp-login.php" });
    expect(await second.guard.bans.get(ATTACKER)).toBeDefined();
  });

  test("growing bans: each further one lasts banFactor times longer, up to maxBanTime", async () => {
    const { url, guard } = await site({ threshold: 1, banTime: 100, banFactor: 3, maxBanTime: 500 });
    const lengths: number[] = [];
    for (let i = 0; i < 4; i++) {
      await bad(url, 1);
      const ban = (await guard.bans.get(ATTACKER))!;
      lengths.push((ban.expires!.getTime() - ban.date.getTime()) / 1000);
      clock.advance(lengths[i]!);
    }
    expect(lengths).toEqual([100, 300, 500, 500]);
  });

  test("services are banned apart; an unknown host that is let through counts globally", async () => {
    const { url, guard } = await site({
      threshold: 2,
      services: ["a.example.com", "b.example.com"],
      mode: "block",
    });
    await bad(url, 2, { headers: { Host: "a.example.com" } });
    expect((await ask(url, "/", { from: ATTACKER, headers: { Host: "A.EXAMPLE.com.:80" } })).status).toBe(
      403,
    );
    expect((await ask(url, "/", { from: ATTACKER, headers: { Host: "b.example.com" } })).status).toBe(200);
    expect(await guard.bans.get(ATTACKER, "a.example.com")).toMatchObject({
      scope: "service",
      service: "a.example.com",
    });
    expect(await guard.bans.get(ATTACKER, "b.example.com")).toBeUndefined();
  });
});

describe("what counts", () => {
  test("R23 our own refusals never count, an app's own answers do, an aborted one too", async () => {
    const store = new MemoryStore({ now: clock.now });
    const { url, guard } = await site({ store, threshold: 3, services: ["site.example.com"] });
    await bad(url, 9, { path: "/" });
    expect(await guard.bans.list()).toEqual([]);
    await bad(url, 3, { headers: { Host: "site.example.com" }, path: "/status/403" });
    expect(await guard.bans.list()).toHaveLength(1);

    const aborted = badBehavior({ logger: false, store: new MemoryStore(), threshold: 1 });
    let finished: () => void;
    const closed = new Promise<void>((resolve) => (finished = resolve));
    served = await serve(
      EXPRESS.app([aborted], (_req, res) => {
        res.on("close", () => finished());
        res.writeHead(404, { "Content-Length": 1000 });
        res.write("part");
        setImmediate(() => res.destroy());
      }),
    );
    await ask(served.url, "/", { from: ATTACKER }).catch(() => undefined);
    await closed;
    expect(await aborted.bans.get(ATTACKER)).toBeDefined();
  });

  test("R23 a response that never got a status line is no evidence", async () => {
    const guard = badBehavior({ logger: false, store: new MemoryStore(), threshold: 1 });
    served = await serve(
      EXPRESS.app([guard], (req, res) => {
        res.statusCode = 404;
        req.socket.destroy();
      }),
    );
    await expect(ask(served.url, "/", { from: ATTACKER })).rejects.toThrow();
    expect(await guard.bans.list()).toEqual([]);
  });

  test("R24 a hostile page's missing pictures earn a ban of countTime only", async () => {
    const { url, guard } = await site();
    await bad(url, 10, {
      headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors" },
    });
    const ban = (await guard.bans.get(ATTACKER))!;
    expect((ban.expires!.getTime() - ban.date.getTime()) / 1000).toBe(60);
    await guard.bans.remove(ATTACKER);
    await bad(url, 9, {
      headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors" },
    });
    await bad(url, 1);
    const mixed = (await guard.bans.get(ATTACKER))!;
    expect((mixed.expires!.getTime() - mixed.date.getTime()) / 1000).toBe(86_400);
  });

  test("R24 with a gate it earns a challenge", async () => {
    const guard = bunker({
      logger: false,
      store: new MemoryStore(),
      antibot: { challenge: "cookie", ignoreUri: ["^/missing"] },
    });
    served = await serve(EXPRESS.app([guard], plainSite));
    await bad(served.url, 10, {
      headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors" },
    });
    expect((await guard.bans.get(ATTACKER))!.action).toBe("challenge");
    expect((await ask(served.url, "/missing", { from: ATTACKER })).headers["content-type"]).toBe(
      "application/problem+json",
    );
  });

  test("bunker() without antibot uses the gate of its badBehavior", async () => {
    const shared = { logger: false, store: new MemoryStore() } as const;
    const gate = antibot({ ...shared, challenge: "cookie", ignoreUri: ["^/missing"] });
    const guard = bunker({
      ...shared,
      bunkernet: false,
      badBehavior: { threshold: 2, banAction: "challenge", gate },
    });
    served = await serve(EXPRESS.app([guard, gate], plainSite));
    await bad(served.url, 2);
    expect((await guard.bans.get(ATTACKER))!.action).toBe("challenge");
    const { headers, status } = await ask(served.url, "/missing", { from: ATTACKER, headers: NAVIGATION });
    expect([status, headers.location]).toEqual([302, expect.stringMatching(/^\/challenge/)]);
  });

  test("R25 a broken deploy raises WRN_BUNKER_MASS_BAN; suspend writes no bans meanwhile", async () => {
    for (const massBan of ["announce", "suspend"] as const) {
      const warnings: string[] = [];
      const logger = {
        info: () => undefined,
        warn: (text: string) => warnings.push(text),
        error: () => undefined,
      };
      const { url, guard } = await site({ massBan, threshold: 1, logger });
      for (let i = 0; i < 20; i++) await bad(url, 1, { from: `20.0.0.${i}` });
      const bans = await guard.bans.list();
      expect(warnings.filter((text) => text.includes("WRN_BUNKER_MASS_BAN"))).toHaveLength(1);
      expect(bans).toHaveLength(massBan === "announce" ? 20 : 9);
    }
  });

  test("R25 the event of a ban says whether the client held a pass", async () => {
    const guard = bunker({
      logger: false,
      store: new MemoryStore(),
      badBehavior: { threshold: 1 },
      antibot: { challenge: "cookie" },
    });
    const holders: unknown[] = [];
    guard.events.on("banned", (event) => holders.push((event.data as { passHolder: boolean }).passHolder));
    served = await serve(EXPRESS.app([guard], plainSite));
    const { Jar, browse } = await import("../support/ask.js");
    const jar = new Jar();
    await browse(served.url, "/", { from: VISITOR, jar });
    await ask(served.url, "/missing", { from: VISITOR, headers: jar.header });
    expect(holders).toEqual([true]);
  });

  test("R27 detect writes no bans and answers nothing, but says what it would have done", async () => {
    const { url, guard, events } = await site({ mode: "detect", threshold: 2 });
    expect(await bad(url, 6)).toEqual(Array(6).fill(404));
    expect(await guard.bans.list()).toEqual([]);
    expect(events.filter(({ mode, reason }) => mode === "detect" && reason === "bad behavior")).toHaveLength(
      1,
    );
  });

  test("R3 non-global addresses are never banned, unless banLocal says so", async () => {
    const first = await site({ threshold: 1 });
    for (const from of ["10.1.2.3", "192.168.1.1", "127.0.0.1", "fc00::1"]) await bad(first.url, 3, { from });
    expect(await first.guard.bans.list()).toEqual([]);
    const second = await site({ threshold: 1, banLocal: true });
    await bad(second.url, 1, { from: "10.1.2.3" });
    expect(await second.guard.bans.list()).toHaveLength(1);
  });

  test("R3 banLocal bans who tries it on the app's own machine, and an app may, too", async () => {
    const { url, guard, events } = await site({ threshold: 2, banLocal: true, trustProxy: false });
    expect(await bad(url, 3)).toEqual([404, 404, 403]);
    expect(events.map(({ protection, reason }) => [protection, reason])).not.toContainEqual([
      "bad-behavior",
      "exception",
    ]);
    expect(await guard.bans.list()).toMatchObject([{ ip: "127.0.0.1", reason: "bad behavior" }]);

    const own = badBehavior({ store: new MemoryStore(), logger: false, banLocal: true, trustProxy: false });
    served = await serve(
      EXPRESS.app([own], (req, res) => {
        void Promise.resolve(req.bunker?.ban({ reason: "asked for it" })).then(() => res.end("banned"));
      }),
    );
    await ask(served.url, "/");
    expect((await ask(served.url, "/")).status).toBe(403);
  });

  test("R4 counters and bans use the IPv6 prefix", async () => {
    const { url, guard } = await site({ threshold: 4 });
    for (let i = 1; i <= 4; i++) await bad(url, 1, { from: `2600:1f18::${i}` });
    expect((await ask(url, "/", { from: "2600:1f18::ffff:9" })).status).toBe(403);
    expect((await ask(url, "/", { from: "2600:1f18:0:1::1" })).status).toBe(200);
    expect((await guard.bans.list()).map(({ ip }) => ip)).toEqual(["2600:1f18::/64"]);
  });

  test("R26 an unban clears the counters: the next bad answer does not ban again", async () => {
    const { url, guard } = await site();
    await bad(url, 10);
    expect(await guard.bans.remove(ATTACKER)).toBe(true);
    expect(await bad(url, 9)).toEqual(Array(9).fill(404));
    expect(await guard.bans.get(ATTACKER)).toBeUndefined();
    await bad(url, 1);
    expect(await guard.bans.get(ATTACKER)).toBeDefined();
  });

  test("one response counts once, however many middlewares on the store see it", async () => {
    const store = new MemoryStore({ now: clock.now });
    const twice = [
      badBehavior({ store, logger: false, threshold: 4 }),
      badBehavior({ store, logger: false, threshold: 4 }),
    ];
    served = await serve(EXPRESS.app(twice, plainSite));
    await bad(served.url, 3);
    expect(await new BanList(store).get(ATTACKER)).toBeUndefined();
  });

  test("an answer still being counted by a slow store holds that client's next request until it is", async () => {
    const store = new MemoryStore({ now: clock.now });
    const slow = Object.assign(Object.create(store) as MemoryStore, {
      hit: (...args: Parameters<MemoryStore["hit"]>) =>
        new Promise((resolve) => setImmediate(() => resolve(store.hit(...args)))),
    });
    const { url } = await site({ store: slow, threshold: 3 });
    expect(await bad(url, 5)).toEqual([404, 404, 404, 403, 403]);
  });
});

test("all option problems come at once, with path, value, what is allowed and the nearest name", () => {
  const wrong = {
    treshold: 5,
    banTime: -1,
    statusCodes: "404 banana",
    banAction: "challenge",
    allow: ["10.0.0.0/33"],
  } as unknown as BadBehaviorOptions;
  expect(() => badBehavior(wrong)).toThrow(
    expect.objectContaining({
      code: "ERR_BUNKER_OPTIONS",
      problems: expect.arrayContaining([
        expect.objectContaining({ path: "treshold", nearest: "threshold" }),
        expect.objectContaining({ path: "banTime", value: -1 }),
        expect.objectContaining({ path: "statusCodes[1]" }),
        expect.objectContaining({ path: "banAction" }),
        expect.objectContaining({ path: "allow[0]", value: "10.0.0.0/33" }),
      ]),
    }) as Error,
  );
});
