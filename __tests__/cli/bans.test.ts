import { join, relative } from "node:path";
import { controlServer } from "../../src/control/index.js";
import { ask } from "../support/ask.js";
import { startRedis, type RedisServer } from "../redis/servers.js";
import { BanList } from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { buildProgram, type Program, type Ran } from "./program.js";
import { startApp, type RunningApp } from "./running-app.js";

const CLIENT = "45.83.64.1";

let program: Program;
beforeAll(() => {
  program = buildProgram("src/cli/main.ts");
});
afterAll(() => program.remove());

const run = (...args: string[]): Promise<Ran> => program.run(args);

describe("a running app, by its control socket", () => {
  let running: RunningApp;
  beforeEach(async () => {
    running = await startApp(program.folder, { badBehavior: { threshold: 3, banTime: 600 } });
  });
  afterEach(() => running.close());

  test("who earned a ban is listed, explained, and let in again by an unban", async () => {
    for (let count = 0; count < 3; count++) await ask(running.url, "/missing", { from: CLIENT });
    expect((await ask(running.url, "/", { from: CLIENT })).status).toBe(403);

    const { out, code } = await run("bans");
    expect(code).toBe(0);
    const [headings, row, ...rest] = out.split("\n");
    expect(headings?.split(/ {2,}/)).toEqual(["ADDRESS", "WHERE", "REASON", "SINCE", "LEFT"]);
    expect(row).toMatch(/^45\.83\.64\.1 {2}default {2}bad behavior {2}\S+ \S+Z {2,}(10m|9m \d+s)$/);
    expect(rest).toEqual([""]);

    const check = await run("check", CLIENT);
    expect(check.code).toBe(1);
    expect(check.out).toMatch(/^bans +deny +bad behavior: scope service, expires /m);
    expect(check.out).toContain("It would be refused: by bans\n");

    expect(await run("unban", CLIENT)).toEqual({
      code: 0,
      out: "45.83.64.1 is no longer banned.\n",
      err: "",
    });
    expect((await ask(running.url, "/", { from: CLIENT })).status).toBe(200);
    expect(await run("unban", CLIENT)).toMatchObject({ code: 1, out: "45.83.64.1 was not banned.\n" });
    expect(await run("bans")).toEqual({ code: 0, out: "Nobody is banned.\n", err: "" });
  });

  test("a ban by hand is in force at once; the list reads it as JSON", async () => {
    const args = ["ban", CLIENT, "--ttl", "forever", "--reason", "scraper", "--control", running.socket];
    expect(await run(...args)).toEqual({
      code: 0,
      out: "45.83.64.1 is banned everywhere permanently.\n",
      err: "",
    });
    expect((await ask(running.url, "/", { from: CLIENT })).status).toBe(403);
    const { out } = await program.run(["bans", "--json"], {
      env: { EXPRESS_BUNKER_CONTROL: running.socket },
    });
    expect(JSON.parse(out)).toMatchObject({
      total: 1,
      bans: [{ ip: CLIENT, reason: "scraper", scope: "global", expires: null }],
    });
  });

  test("how its protections fare", async () => {
    expect(await run("health")).toEqual({
      code: 0,
      out: "PROTECTION    HEALTH  PROBLEMS\nbans          good\nbad-behavior  good\n",
      err: "",
    });
    const ill = { ok: false, protections: { bans: { ok: false, problems: ["no store", "no bans"] } } };
    const { app } = running;
    const control = await controlServer(
      {
        ...{ bans: app.bans, bunkernet: app.bunkernet, lookups: {} },
        explain: (subject) => app.explain(subject),
        mode: app.mode.bind(app),
        health: () => ill,
      },
      { path: join(relative(process.cwd(), program.folder), "ill.sock") },
    );
    const { code, out } = await program.run(["health"], { env: { EXPRESS_BUNKER_CONTROL: "ill.sock" } });
    await control.close();
    expect([code, out]).toEqual([1, "PROTECTION  HEALTH  PROBLEMS\nbans        bad     no store; no bans\n"]);
  });

  test("what a ban's reason holds never acts on the terminal", async () => {
    await running.app.bans.add(CLIENT, { reason: "\u001b[2J\nevil" });
    expect((await run("bans")).out).toContain("?[2J?evil");
  });

  test("R26 a ban that is too wide names --force", async () => {
    expect(await run("ban", "0.0.0.0/4")).toEqual({
      code: 1,
      out: "",
      err: "express-bunker: 0.0.0.0/4 is wider than /8; --force bans it all the same\n",
    });
    expect((await run("ban", "0.0.0.0/4", "--force", "--ttl", "60")).code).toBe(0);
  });

  test("who reads a long list may stop at any time", async () => {
    for (let last = 0; last < 2000; last++)
      await running.app.bans.add(`45.${last >> 8}.1.${last & 255}`, {
        ttl: 600,
        data: { text: "x".repeat(200) },
      });
    const child = program.start(["bans", "--json", "--limit", "5000"]);
    let err = "";
    child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.stdout?.once("data", () => child.stdout?.destroy());
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect([code, err]).toEqual([0, ""]);
  });
});

describe("Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(() => redis.cli("FLUSHALL"));

  test("bans of the command line hold in the apps that share it, and theirs are listed", async () => {
    const store = new RedisStore({ url: redis.url, logger: false });
    try {
      await store.ready();
      const bans = new BanList(store);
      await bans.add("45.83.64.2", { reason: "app", service: "www.example.com", ttl: 0 });
      const added = await run("ban", CLIENT, "--redis", redis.url, "--json", "--ttl", "2h");
      expect(JSON.parse(added.out)).toMatchObject({ ip: CLIENT, reason: "manual", scope: "global" });
      expect(await bans.get(CLIENT)).toMatchObject({ reason: "manual" });
      const { out } = await run("bans", "--redis", redis.url);
      expect(out).toMatch(/^45\.83\.64\.1 +everywhere +manual .* (2h|1h 59m)$/m);
      expect(out).toMatch(/^45\.83\.64\.2 +www\.example\.com +app .* permanent$/m);
      const lifted = await run("unban", "45.83.64.2", "--redis", redis.url, "--service", "WWW.example.com");
      expect(lifted.out).toBe("45.83.64.2 is no longer banned at www.example.com.\n");
      expect(await bans.list()).toMatchObject([{ ip: CLIENT }]);
    } finally {
      store.close();
    }
  });

  test("the settings name it; their bans are BunkerWeb's", async () => {
    const env = { USE_REDIS: "yes", REDIS_HOST: "127.0.0.1", REDIS_PORT: String(redis.port) };
    expect((await program.run(["ban", CLIENT, "--reason", "by hand"], { env })).code).toBe(0);
    expect(JSON.parse(await redis.cli("GET", `bans_ip_${CLIENT}`))).toMatchObject({ reason: "by hand" });
    expect((await program.run(["bans"], { env })).out).toContain("by hand");
    const lifted = await run("unban", CLIENT, "--redis", redis.url, "--bunkerweb");
    expect(lifted.out).toBe("45.83.64.1 is no longer banned.\n");
  });

  test("check reads the settings, and finds the ban", async () => {
    // Names are asked of nobody: nothing listens on that port.
    const env = { DNS_RESOLVERS: "127.0.0.1:9", USE_BUNKERNET: "no" };
    await run("ban", CLIENT, "--redis", redis.url);
    const { code, out } = await program.run(["check", CLIENT, "--redis", redis.url], { env });
    expect(code).toBe(1);
    expect(out).toMatch(/^Asked {4}Redis at 127\.0\.0\.1:\d+$/m);
    expect(out).toMatch(/^bans +deny +manual/m);
    const other = await program.run(["check", "8.8.8.8", "--redis", redis.url, "--json"], { env });
    expect(other.code).toBe(0);
    expect(JSON.parse(other.out)).toMatchObject({ explanation: { verdict: "pass" } });
  });
});

describe("nobody to ask", () => {
  test("no app, no Redis: what can be named is named", async () => {
    expect(await run("bans")).toEqual({
      code: 3,
      out: "",
      err: `express-bunker: no running app and no Redis is named
  --control PATH   the socket that bunker().control({ path }) opened (./.express-bunker.sock does not exist)
  --redis URL      the Redis that the apps share
  USE_REDIS=yes and REDIS_HOST, in the environment or in --settings FILE
`,
    });
  });

  test("health is told of no Redis, which does not know it", async () => {
    expect(await run("health")).toEqual({
      code: 3,
      out: "",
      err: `express-bunker: no running app is named
  --control PATH   the socket that bunker().control({ path }) opened (./.express-bunker.sock does not exist)
`,
    });
  });

  test("an app that is gone", async () => {
    expect(await run("bans", "--control", "gone.sock")).toEqual({
      code: 3,
      out: "",
      err: "express-bunker: no app answers at the control socket gone.sock: there is no such file\n",
    });
  });

  test("a Redis that is down is named without its password", async () => {
    expect(await run("bans", "--redis", "redis://me:secret@127.0.0.1:9/0")).toEqual({
      code: 3,
      out: "",
      err: "express-bunker: Redis at 127.0.0.1:9 does not respond\n",
    });
  });

  test("both at once contradict each other", async () => {
    const { code, err } = await run("bans", "--control", "a", "--redis", "redis://127.0.0.1:9");
    expect(code).toBe(2);
    expect(err).toContain("give one of --control and --redis");
  });
});
