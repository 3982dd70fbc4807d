import { bunker, type Bunker } from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { startRedis, type RedisServer } from "../redis/servers.js";
import { ask } from "../support/ask.js";
import { until } from "../support/until.js";
import { buildProgram, type Program, type Ran } from "./program.js";
import { startApp, type RunningApp } from "./running-app.js";

const CLIENT = "45.83.64.1";
const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`;

let program: Program;
beforeAll(() => {
  program = buildProgram("src/cli/main.ts");
});
afterAll(() => program.remove());

const run = (...args: string[]): Promise<Ran> => program.run(args);
const said = (out: string) => ({ code: 0, out, err: "" });

describe("a running app, by its control socket", () => {
  let running: RunningApp;
  afterEach(() => running.close());

  test("its mode is shown, set for some time, and undone", async () => {
    running = await startApp(program.folder);
    const status = async (): Promise<number> => (await ask(running.url, "/", { from: CLIENT })).status;
    await running.app.bans.add(CLIENT);
    expect(await run("mode")).toEqual(said("The mode is block, as configured.\n"));
    expect(await status()).toBe(403);

    const set = new RegExp(`^The mode is detect until ${TIME} \\(configured: block\\)\\.\n$`);
    expect(await run("mode", "detect", "--for", "1h")).toEqual(said(expect.stringMatching(set) as string));
    expect(await status()).toBe(200);
    const left = (running.app.mode().until as Date).getTime() - Date.now();
    expect(left).toBeGreaterThan(3_000_000);
    expect(left).toBeLessThanOrEqual(3_600_000);
    expect((await run("mode")).out).toMatch(set);
    expect(JSON.parse((await run("mode", "--json")).out)).toEqual({
      mode: "detect",
      configured: "block",
      until: running.app.mode().until?.toISOString(),
    });
    expect((await run("health")).out).toContain("The mode is detect: nothing is refused.\n");
    expect((await run("check", CLIENT)).out).toContain("in detect mode it is only reported");

    expect(await run("mode", "block")).toEqual(
      said("The mode is block until it is changed (configured: block).\n"),
    );
    expect(await run("mode", "configured")).toEqual(said("The mode is block, as configured.\n"));
    expect(await status()).toBe(403);
  });

  test("services with another configured mode are named", async () => {
    running = await startApp(program.folder, { services: { "a.test": {}, "b.test": { mode: "detect" } } });
    expect(await run("mode")).toEqual(
      said("The mode is block, as configured.\nThe mode of b.test is detect.\n"),
    );
  });
});

describe("Redis", () => {
  let redis: RedisServer;
  let app: Bunker;
  let store: RedisStore;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    store = new RedisStore({ url: redis.url, timeout: 900, logger: false });
    app = bunker({ store, logger: false, bunkernet: false });
    await app.ready();
  });
  afterEach(async () => {
    await app.close();
    store.close();
  });

  test("the mode is set in all apps that share it, and shown without them", async () => {
    const target = ["--redis", redis.url];
    expect(await run("mode", ...target)).toEqual(said("No mode is set: each app has its configured one.\n"));
    const set = await run("mode", "detect", "--for", "30m", ...target);
    expect(set).toEqual(
      said(expect.stringMatching(new RegExp(`^The mode is detect until ${TIME}\\.\n$`)) as string),
    );
    await until(() => app.mode().mode === "detect");
    expect((await run("mode", ...target)).out).toBe(set.out);
    expect(await run("mode", "configured", ...target)).toEqual(
      said("No mode is set: each app has its configured one.\n"),
    );
    await until(() => app.mode().mode === "block");
  });
});
