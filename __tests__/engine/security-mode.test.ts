import {
  antibot,
  badBehavior,
  BanList,
  bunker,
  BunkerOptionsError,
  MemoryStore,
  StoreFailure,
  type Bunker,
  type BunkerOptions,
} from "../../src/index.js";
import { Generation } from "../../src/engine/known-visitors.js";
import { StoreScope } from "../../src/store/store-scope.js";
import { ask, Jar, NAVIGATION } from "../support/ask.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { site, type SiteSetUp, type TestSite } from "../support/site.js";
import { until } from "../support/until.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";

const BANNED = "9.9.9.9";
const ATTACKER = "8.8.8.8";
const SECRET = "a secret of enough characters";

const app = (options: BunkerOptions = {}, setUp: SiteSetUp<Bunker> = {}): Promise<TestSite<Bunker>> =>
  site((shared) => bunker({ ...shared, bunkernet: false, badBehavior: { threshold: 3 }, ...options }), {
    record: ["denied", "challenged", "banned"],
    ...setUp,
  });

const attack = async ({ status }: Pick<TestSite<Bunker>, "status">, from = ATTACKER): Promise<void> => {
  for (let miss = 0; miss < 3; miss++) await status(from, "/missing");
};

test("R27 detect that is set at run time refuses nothing and bans nobody, and ends by itself", async () => {
  const one = await app();
  const { guard, clock, status, events } = one;
  await guard.bans.add(BANNED, { ttl: 0 });
  expect(guard.mode()).toEqual({ mode: "block", configured: "block" });
  expect(await status(BANNED)).toBe(403);
  const ends = new Date(clock.now() + 60_000);
  expect(await guard.mode("detect", { for: 60 })).toEqual({
    mode: "detect",
    configured: "block",
    until: ends,
  });
  events.length = 0;
  expect(await status(BANNED)).toBe(200);
  await attack(one);
  expect(events.map(({ type, ip, mode }) => [type, ip, mode])).toEqual([
    ["denied", BANNED, "detect"],
    ["banned", ATTACKER, "detect"],
  ]);
  expect((await guard.bans.list()).map(({ ip }) => ip)).toEqual([BANNED]);
  clock.advance(59.999);
  expect([await status(BANNED), guard.mode().until]).toEqual([200, ends]);
  clock.advance(0.001);
  expect(await status(BANNED)).toBe(403);
  expect(guard.mode()).toEqual({ mode: "block", configured: "block" });
  await attack(one);
  expect(await status(ATTACKER)).toBe(403);
});

test("block that is set at run time refuses, whatever is configured; without a time it lasts until it is undone", async () => {
  const one = await app({ mode: "detect" });
  await one.guard.bans.add(BANNED, { ttl: 0 });
  expect(await one.status(BANNED)).toBe(200);
  const set = { mode: "block", configured: "detect", until: null };
  expect(await one.guard.mode("block")).toEqual(set);
  one.clock.advance(365 * 86_400);
  expect([await one.status(BANNED), one.guard.mode()]).toEqual([403, set]);
  await attack(one);
  expect(await one.status(ATTACKER)).toBe(403);
  expect(await one.guard.mode("configured")).toEqual({ mode: "detect", configured: "detect" });
  expect([await one.status(BANNED), await one.status(ATTACKER)]).toEqual([200, 200]);
});

test("the mode of services with another configured mode is overridden, too, and theirs again afterwards", async () => {
  const services = { "watched.test": { mode: "detect" }, "guarded.test": {} } as const;
  const { guard, status } = await app({ services });
  const statuses = (): Promise<number[]> =>
    Promise.all(["watched.test", "guarded.test"].map((Host) => status(BANNED, "/", { headers: { Host } })));
  await guard.bans.add(BANNED);
  const configured = { mode: "block", configured: "block", services: { "watched.test": "detect" } };
  expect([guard.mode(), await statuses()]).toEqual([configured, [200, 403]]);
  expect(await guard.mode("detect")).toEqual({ ...configured, mode: "detect", until: null });
  expect(await statuses()).toEqual([200, 200]);
  await guard.mode("block");
  expect(await statuses()).toEqual([403, 403]);
  await guard.mode("configured");
  expect([guard.mode(), await statuses()]).toEqual([configured, [200, 403]]);
});

test("middlewares on the same store follow it, mounted one by one, and those that are made later", async () => {
  const sessions = { secret: SECRET };
  const { guard, store, url, status, events } = await site(
    (shared) => antibot({ ...shared, challenge: "cookie", sessions }),
    {
      mount: (gate, shared) => [badBehavior({ ...shared, threshold: 3 }), gate],
      record: ["challenged", "banned"],
    },
  );
  const steering = bunker({ store, logger: false, bunkernet: false });
  const page = async (base: string): Promise<number> =>
    (await ask(base, "/", { from: ATTACKER, headers: NAVIGATION })).status;
  expect(await page(url)).toBe(302);
  await steering.mode("detect");
  events.length = 0;
  expect(await page(url)).toBe(200);
  for (let miss = 0; miss < 3; miss++) await status(ATTACKER, "/missing");
  expect(events.map(({ mode }) => mode)).toEqual(events.map(() => "detect"));
  expect(events.some(({ type }) => type === "banned")).toBe(true);
  const later = antibot({ store, logger: false, challenge: "cookie", sessions });
  const served = await serve(EXPRESS.app([later], plainSite));
  expect(await page(served.url)).toBe(200);
  await steering.mode("configured");
  expect([await page(url), await page(served.url)]).toEqual([302, 302]);
  await served.close();
  for (const one of [later, steering, guard]) await one.close();
});

test("every change is told in the log once, with its end", async () => {
  const { guard, clock, lines } = await app(
    {},
    { mount: (first, shared) => [badBehavior(shared), first, bunker({ ...shared, bunkernet: false })] },
  );
  const told = (): string[] => lines.splice(0).filter((line) => line.includes("mode"));
  await guard.mode("detect", { for: 3600 });
  expect(told()).toEqual([
    expect.stringMatching(/nothing is refused.* the mode was set to detect .*2026-01-01T01:00:00\.000Z/),
  ]);
  await guard.mode("block");
  expect(told()).toEqual([expect.stringContaining("the mode was set to block")]);
  await guard.mode("block");
  expect(told()).toEqual([]);
  await guard.mode("detect", { for: 60 });
  told();
  clock.advance(60);
  guard.mode();
  expect(told()).toEqual([expect.stringContaining("the configured mode is in force")]);
});

test("it ends in time though nobody asks", async () => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const logger = { info: write, warn: write, error: write };
  const guard = bunker({ store: new MemoryStore(), logger, bunkernet: false });
  await guard.mode("detect", { for: 1 });
  await until(() => lines.some((line) => line.includes("the configured mode is in force")));
  await guard.close();
});

test("every change, and its end, voids what is remembered of visitors", async () => {
  const { guard, clock, store } = await app();
  const generation = StoreScope.of(store).get(Generation);
  const seen = [generation.value];
  const note = (): void => {
    guard.mode();
    seen.push(generation.value);
  };
  for (const time of [60, 90]) {
    await guard.mode("detect", { for: time });
    note();
  }
  clock.advance(90);
  note();
  for (const mode of ["block", "configured"] as const) {
    await guard.mode(mode);
    note();
  }
  expect(seen).toEqual(seen.map((_, index) => (seen[0] as number) + index));
});

test("a visitor who is solving a challenge gets through when detect is set meanwhile", async () => {
  const { guard, url } = await app({
    antibot: { challenge: "javascript", difficulty: 16 },
    sessions: { secret: SECRET },
  });
  const jar = new Jar();
  const work = workOf((await openChallenge(url, "/deep", jar, { from: ATTACKER })).text);
  await guard.mode("detect");
  const fields = { state: work.state, challenge: solve(work) };
  const got = await post(url, work.action, fields, jar, { from: ATTACKER });
  expect([got.status, got.json]).toMatchObject([200, { location: "/deep" }]);
  await guard.mode("configured");
  jar.take(got);
  const page = { from: ATTACKER, headers: { ...NAVIGATION, ...jar.header } };
  expect((await ask(url, "/deep", page)).status).toBe(200);
});

test("detect mode that is set at run time is traced as long as it is in force", async () => {
  const { guard, url, lines, clock } = await app({
    antibot: { challenge: "cookie" },
    sessions: { secret: SECRET },
  });
  const visit = async (): Promise<number> => {
    clock.advance(3600);
    return (await ask(url, "/", { from: ATTACKER, headers: NAVIGATION })).status;
  };
  const traces = (): number => lines.filter((line) => line.includes("express-bunker: why ")).length;
  expect(await visit()).toBe(302);
  await guard.mode("detect");
  expect(await visit()).toBe(200);
  await until(() => traces() === 1);
  await guard.mode("configured");
  expect(await visit()).toBe(302);
  await guard.mode("detect");
  expect(await visit()).toBe(200);
  await until(() => traces() === 2);
});

test("health() and explain() say the mode in force", async () => {
  const { guard, clock } = await app();
  await guard.bans.add(BANNED);
  const said = async (): Promise<unknown[]> => {
    const { verdict, mode } = await guard.explain({ ip: BANNED });
    return [guard.health().mode, mode, verdict];
  };
  expect(await said()).toEqual(["block", "block", "deny"]);
  await guard.mode("detect", { for: 5 });
  expect(await said()).toEqual(["detect", "detect", "deny"]);
  clock.advance(5);
  expect(await said()).toEqual(["block", "block", "deny"]);
});

test("what is wrong with a call is told at once, and changes nothing", async () => {
  const { guard } = await app();
  const call = guard.mode.bind(guard) as (...args: unknown[]) => Promise<unknown>;
  const wrong = await call("off", { for: -1, fro: 1 }).catch((error: unknown) => error);
  expect(wrong).toBeInstanceOf(BunkerOptionsError);
  expect((wrong as BunkerOptionsError).problems.map(({ path }) => path).sort()).toEqual([
    "for",
    "fro",
    "mode",
  ]);
  for (const [mode, options] of [
    ["detect", { for: 31_536_001 }],
    ["detect", { for: 0.5 }],
    ["detect", { for: "1h" }],
    ["detect", 60],
    ["configured", { for: 60 }],
    [null, {}],
  ])
    await expect(call(mode, options)).rejects.toBeInstanceOf(BunkerOptionsError);
  expect(guard.mode()).toEqual({ mode: "block", configured: "block" });
});

describe("a store that fails", () => {
  class Failing extends MemoryStore {
    fails = true;
    override set(key: string, value: string, ttl?: number): void {
      if (this.fails && key === "state:mode") throw new Error("the disk is full");
      super.set(key, value, ttl);
    }
  }

  test("the mode is in force here, the call rejects, and it is stored when the store is back", async () => {
    const store = new Failing();
    const { guard, status } = await app({}, { store });
    await guard.bans.add(BANNED);
    const failure = await guard.mode("detect").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreFailure);
    expect((failure as Error).message).toMatch(/the disk is full; until it is back, .*this instance only/);
    expect([guard.mode().mode, await status(BANNED)]).toEqual(["detect", 200]);
    store.fails = false;
    await until(() => store.get("state:mode") !== undefined);
    expect(guard.mode().mode).toBe("detect");
  });

  test("the last of several calls is what is stored", async () => {
    const store = new Failing();
    const { guard } = await app({}, { store });
    for (const mode of ["detect", "block"] as const)
      await expect(guard.mode(mode)).rejects.toBeInstanceOf(StoreFailure);
    store.fails = false;
    await until(() => store.get("state:mode") !== undefined);
    expect(store.get("state:mode")).toBe('{"mode":"block"}');
  });
});

test("a store that is emptied has no mode, and one of another version is read as far as it is known", async () => {
  const { guard, store } = await app();
  await guard.mode("detect");
  store.clear();
  expect(guard.mode().mode).toBe("block");
  for (const [value, mode] of [
    ['{"mode":"detect","by":"somebody"}', "detect"],
    ["no JSON", "block"],
    ['{"mode":"detect","until":"tomorrow"}', "detect"],
    ['{"mode":"strict"}', "block"],
    ['{"mode":"detect","until":1}', "block"],
    ["null", "block"],
  ] as const) {
    store.set("state:mode", value);
    expect([value, guard.mode().mode]).toEqual([value, mode]);
  }
});

test("bans by hand are written in detect mode, and enforced when it is over", async () => {
  const { guard, store, status } = await app();
  await guard.mode("detect");
  await new BanList(store).add(BANNED);
  expect(await status(BANNED)).toBe(200);
  await guard.mode("configured");
  expect(await status(BANNED)).toBe(403);
});
