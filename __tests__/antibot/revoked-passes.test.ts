import {
  antibot,
  badBehavior,
  bunker,
  MemoryStore,
  type Bunker,
  type BunkerOptions,
} from "../../src/index.js";
import { RevokedPasses } from "../../src/bans/revoked-passes.js";
import { StoreScope } from "../../src/store/store-scope.js";
import { ask, Jar, NAVIGATION } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { plainSite, type Site } from "../support/hosts.js";
import { site as startSite, type TestSite } from "../support/site.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";

const SECRET = "a secret of enough characters";
const HOME = "8.8.8.8";

function site(options: BunkerOptions = {}, behind: Site = plainSite): Promise<TestSite<Bunker>> {
  const clock = new Clock();
  return startSite(
    (shared) =>
      bunker({
        ...shared,
        sessions: { secret: SECRET, checkIp: false },
        bunkernet: false,
        ...options,
        antibot: { challenge: "javascript", difficulty: 16, ...(options.antibot as object) },
      }),
    { clock, behind, store: new MemoryStore({ now: clock.now }) },
  );
}

async function solved(url: string, from: string, jar = new Jar(), target = "/"): Promise<Jar> {
  const work = workOf((await openChallenge(url, target, jar, { from })).text);
  jar.take(await post(url, work.action, { state: work.state, challenge: solve(work) }, jar, { from }));
  return jar;
}

/** Whether the gate lets a bearer in. */
async function getsIn(url: string, jar: Jar, from: string): Promise<boolean> {
  const got = await ask(url, "/page", { from, headers: { ...NAVIGATION, ...jar.header } });
  return got.text.startsWith("site: ");
}

describe("R16 one pass, carried over many /64s with ten bad requests each, stops after the first ban", () => {
  const NETWORKS: [string, number, BunkerOptions["sessions"], (i: number) => string][] = [
    ["anywhere", 300, { secret: SECRET, checkIp: false }, (i) => `2a00:1450:${(0x4000 + i).toString(16)}::7`],
    ["within one /48", 50, { secret: SECRET }, (i) => `2a00:1450:4001:${i.toString(16)}::7`],
  ];
  test.each(NETWORKS)(
    "%s",
    async (_where, count, sessions, address) => {
      const reached: string[] = [];
      const { url } = await site({ sessions }, (req, res) => {
        reached.push(req.url as string);
        plainSite(req, res);
      });
      const jar = await solved(url, address(0));
      for (let i = 0; i < count; i++) {
        const from = address(i);
        const headers = { ...NAVIGATION, ...jar.header };
        await Promise.all(
          Array.from({ length: 10 }, (_, at) => ask(url, `/missing/${at}`, { from, headers })),
        );
      }
      expect(reached.length).toBeLessThanOrEqual(20);
      // The bearer solves again, which is what it costs.
      expect(await getsIn(url, await solved(url, address(301)), address(301))).toBe(true);
    },
    60_000,
  );
});

test("R16 other passes stay, those of the banned client included that were solved after the ban", async () => {
  const { url, guard, clock } = await site();
  const other = await solved(url, "9.9.9.9");
  const jar = await solved(url, HOME);
  expect(await getsIn(url, jar, HOME)).toBe(true);
  await guard.bans.add(HOME, { ttl: 60 });
  expect(await getsIn(url, jar, "20.1.1.1")).toBe(false);
  expect(await getsIn(url, other, "9.9.9.9")).toBe(true);
  clock.advance(61);
  expect(await getsIn(url, await solved(url, HOME), HOME)).toBe(true);
});

test("R16 every ban does it: of the app, of an operator, of a range; an unban brings no pass back", async () => {
  const { url, guard } = await site({}, (req, res) => {
    if (req.url === "/trap") void req.bunker?.ban();
    plainSite(req, res);
  });
  const trapped = await solved(url, "11.1.1.1");
  await ask(url, "/trap", { from: "11.1.1.1", headers: { ...NAVIGATION, ...trapped.header } });
  expect(await getsIn(url, trapped, "20.1.1.1")).toBe(false);

  const inRange = await solved(url, "12.2.2.2");
  expect(await getsIn(url, inRange, "12.2.2.2")).toBe(true);
  const inSubnet = await solved(url, "2a00:1450:4001:1::7");
  expect(await getsIn(url, inSubnet, "2a00:1450:4001:1::7")).toBe(true);
  await guard.bans.add("12.2.0.0/16");
  await guard.bans.add("2a00:1450:4001:1::7/128");
  expect(await getsIn(url, inRange, "20.1.1.1")).toBe(false);
  expect(await getsIn(url, inSubnet, "20.1.1.1")).toBe(false);
  await guard.bans.remove("12.2.0.0/16");
  expect(await getsIn(url, inRange, "20.1.1.1")).toBe(false);

  // A ban for one service leaves the passes of the others.
  const elsewhere = await solved(url, "13.3.3.3");
  expect(await getsIn(url, elsewhere, "13.3.3.3")).toBe(true);
  await guard.bans.add("13.3.3.3", { service: "shop.example.com" });
  expect(await getsIn(url, elsewhere, "20.1.1.1")).toBe(true);
});

test("R16 renewing launders nothing: a renewed pass goes with the one it came from, and the other way round", async () => {
  const { url, guard, clock } = await site({ antibot: { challenge: "javascript", renew: true } });
  const old = await solved(url, HOME);
  const renewed = new Jar();
  for (const name of old.names) renewed.set(name, old.get(name) as string);
  clock.advance(50_000);
  const page = await ask(url, "/page", { from: HOME, headers: { ...NAVIGATION, ...renewed.header } });
  renewed.take(page);
  expect(page.headers["set-cookie"]).toHaveLength(1);
  expect(renewed.header).not.toEqual(old.header);
  expect(await getsIn(url, old, "14.4.4.4")).toBe(true);
  expect(await getsIn(url, renewed, HOME)).toBe(true);
  await guard.bans.add("14.4.4.4");
  expect([await getsIn(url, old, "20.1.1.1"), await getsIn(url, renewed, "20.1.1.1")]).toEqual([
    false,
    false,
  ]);
});

test("R16 solving another kind launders nothing either", async () => {
  const guardOf = (guard: Bunker): Bunker["antibot"] => guard.antibot;
  const clock = new Clock();
  const { url, guard } = await startSite(
    (shared) =>
      bunker({
        ...shared,
        sessions: { secret: SECRET, checkIp: false },
        antibot: { challenge: "javascript", difficulty: 16 },
      }),
    {
      clock,
      store: new MemoryStore({ now: clock.now }),
      mount: (one) => [
        one,
        (req, res, next) => (req.url === "/cheap" ? guardOf(one)!.require("cookie")(req, res, next) : next()),
      ],
    },
  );
  const dear = await solved(url, HOME);
  const both = new Jar();
  for (const name of dear.names) both.set(name, dear.get(name) as string);
  await openChallenge(url, "/cheap", both, { from: HOME });
  expect(both.header).not.toEqual(dear.header);
  expect(await getsIn(url, both, HOME)).toBe(true);
  expect(await getsIn(url, dear, "14.4.4.4")).toBe(true);
  await guard.bans.add("14.4.4.4");
  expect(await getsIn(url, both, HOME)).toBe(false);
});

describe("R16 a pass that was shown only where the gate does not look goes with its bearer's ban", () => {
  const BEARER = "14.4.4.4";
  const IGNORING = { antibot: { challenge: "javascript" as const, ignoreUri: "^/(api|missing)/" } };

  /** Requests `path` from the bearer's address so many times. */
  async function bring(url: string, jar: Jar | undefined, path: string, count = 10): Promise<void> {
    for (let i = 0; i < count; i++)
      await ask(url, path, { from: BEARER, headers: { ...NAVIGATION, ...jar?.header } });
  }

  test("on a path that the gate ignores", async () => {
    const { url } = await site(IGNORING);
    const jar = await solved(url, HOME);
    await bring(url, jar, "/missing/api");
    expect(await getsIn(url, jar, "20.1.1.1")).toBe(false);
    expect(await getsIn(url, await solved(url, "20.1.1.1"), "20.1.1.1")).toBe(true);
  });

  test("also when the last of the requests came without it, or a ban by hand follows", async () => {
    const { url, guard } = await site(IGNORING);
    const jar = await solved(url, HOME);
    await bring(url, jar, "/missing/api", 3);
    await bring(url, undefined, "/missing/api", 7);
    expect(await getsIn(url, jar, "20.1.1.1")).toBe(false);
    const other = await solved(url, HOME);
    await ask(url, "/missing/api", { from: "15.5.5.5", headers: { ...NAVIGATION, ...other.header } });
    await guard.bans.add("15.5.5.5");
    expect(await getsIn(url, other, "20.1.1.1")).toBe(false);
  });

  test("when the app bans there, or counts failures", async () => {
    const { url } = await site(IGNORING, (req, res) => {
      if (req.url === "/api/trap") void req.bunker?.ban();
      if (req.url === "/api/login") req.bunker?.fail();
      res.end("site: ");
    });
    const trapped = await solved(url, HOME);
    await bring(url, trapped, "/api/trap", 1);
    expect(await getsIn(url, trapped, "20.1.1.1")).toBe(false);
    const guesser = await solved(url, HOME);
    for (let i = 0; i < 10; i++)
      await ask(url, "/api/login", { from: "15.5.5.5", headers: { ...NAVIGATION, ...guesser.header } });
    expect(await getsIn(url, guesser, "20.1.1.1")).toBe(false);
  });

  test("to a middleware without a gate, beside a gate for other paths", async () => {
    const { url } = await startSite((shared) => badBehavior(shared), {
      mount: (guard, shared) => {
        const gate = antibot({
          ...shared,
          challenge: "javascript",
          difficulty: 16,
          sessions: { secret: SECRET, checkIp: false },
        });
        return [
          guard,
          (req, res, next) => (req.url?.startsWith("/missing/") ? next() : gate(req, res, next)),
        ];
      },
    });
    const jar = await solved(url, HOME);
    await bring(url, jar, "/missing/open");
    expect(await getsIn(url, jar, "20.1.1.1")).toBe(false);
  });

  test("but a forged or expired one leaves no trace, and a good response costs nobody a pass", async () => {
    const { url, store, clock, guard } = await site({
      ...IGNORING,
      antibot: { ...IGNORING.antibot, timeValid: 600 },
    });
    const good = await solved(url, HOME);
    await bring(url, good, "/api/page");
    await guard.bans.add(BEARER);
    expect(await getsIn(url, good, HOME)).toBe(true);
    await guard.bans.remove(BEARER);
    const forged = new Jar();
    for (const name of good.names) forged.set(name, `${good.get(name)}A`);
    await bring(url, forged, "/missing/api");
    await guard.bans.remove(BEARER);
    clock.advance(601);
    await bring(url, good, "/missing/api");
    expect(await guard.bans.get(BEARER)).toBeDefined();
    for await (const key of store.keys("state", "revoked|")) throw new Error(`${key} is revoked`);
  });
});

test("R16 detect bans nobody and voids no pass", async () => {
  const blocking = await site();
  const jar = await solved(blocking.url, HOME);
  const { url, store } = await site({ mode: "detect", badBehavior: { threshold: 3 } });
  for (let i = 0; i < 6; i++)
    await ask(url, "/missing", { from: HOME, headers: { ...NAVIGATION, ...jar.header } });
  for await (const key of store.keys("state", "revoked|")) throw new Error(`${key} is revoked`);
});

test("R16 revoked passes are kept in the store as long as they could live, at most 50 000; then the first are forgotten", () => {
  const clock = new Clock();
  const store = new MemoryStore({ now: clock.now });
  const revoked = new RevokedPasses(StoreScope.of(store), { now: clock.now, retention: () => 600 });
  revoked.revoke("first");
  expect([revoked.has("first"), store.ttl("state:revoked|first")]).toEqual([true, 660]);
  clock.advance(661);
  expect([revoked.has("first"), store.get("state:revoked|first")]).toEqual([false, undefined]);
  for (let i = 0; i <= 50_000; i++) revoked.revoke(`pass ${i}`);
  expect([revoked.has("pass 0"), store.get("state:revoked|pass 0")]).toEqual([false, undefined]);
  expect([revoked.has("pass 1"), revoked.has("pass 50000")]).toEqual([true, true]);
});

test("R16 a store without room for a revoked pass is a fault; here the pass stays void", () => {
  const clock = new Clock();
  const store = new MemoryStore({ now: clock.now, maxKeys: { state: 1 } });
  store.set("state:secret|antibot", "x");
  const scope = StoreScope.of(store);
  const faults: unknown[] = [];
  bunker({
    store,
    logger: false,
    events: { fault: ({ protection, data }) => faults.push([protection, data]) },
  });
  const revoked = new RevokedPasses(scope, { now: clock.now, retention: () => 600 });
  revoked.revoke("one");
  expect(revoked.has("one")).toBe(true);
  expect(faults).toEqual([["antibot", expect.stringContaining("maxKeys.state")]]);
});
