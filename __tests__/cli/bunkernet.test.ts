import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../support/ask.js";
import { stopProcess } from "../support/server-process.js";
import { startRedis } from "../redis/servers.js";
import { buildProgram, printed, type Program, type Ran } from "./program.js";
import { startApp } from "./running-app.js";
import type { ChildProcess } from "node:child_process";

let program: Program;
let server: ChildProcess;
let url: string;
beforeAll(async () => {
  program = buildProgram("src/cli/main.ts");
  writeFileSync(join(program.folder, "admin"), "a-token-for-the-admin\n");
  server = program.start(["bunkernet-server", "--port", "0", "--admin-token-file", "admin"]);
  url = (await printed(server, /listens on (http:\/\/127\.0\.0\.1:\d+)\//))[1] as string;
});
afterAll(async () => {
  await stopProcess(server);
  program.remove();
});

describe("bunkernet-server", () => {
  test("answers instances, and its admin", async () => {
    const { json } = await ask(url, "/register", { method: "POST", body: "{}" });
    expect(json).toMatchObject({ result: "ok" });
    expect((await ask(url, "/admin/list")).status).not.toBe(200);
    const headers = { Authorization: "Bearer a-token-for-the-admin" };
    expect((await ask(url, "/admin/list", { headers })).status).toBe(200);
  });

  test("ends well when it is told to, and says so when its port is taken", async () => {
    const second = program.start(["bunkernet-server", "--port", "0"]);
    const [, port] = await printed(second, /listens on http:\/\/127\.0\.0\.1:(\d+)\//);
    const third = await program.run(["bunkernet-server", "--port", port as string]);
    expect(third.code).toBe(1);
    expect(third.err).toContain(
      `express-bunker: port ${port as string} is taken; choose another one with --port\n`,
    );
    await stopProcess(second);
    expect([second.exitCode, second.signalCode]).toEqual([0, null]);
  });

  test("what it keeps in Redis outlives it", async () => {
    const redis = await startRedis();
    try {
      const first = program.start(["bunkernet-server", "--port", "0", "--redis", redis.url]);
      await printed(first, /listens on/);
      await stopProcess(first);
      expect(first.exitCode).toBe(0);
      expect(await redis.cli("KEYS", "bunkernet:*")).not.toBe("");
    } finally {
      await redis.stop();
    }
  });

  test("a token file that is missing or too short is told of, without what it holds", async () => {
    const missing = await program.run(["bunkernet-server", "--admin-token-file", "nowhere"]);
    expect([missing.code, missing.err]).toEqual([
      1,
      expect.stringContaining("express-bunker: --admin-token-file: ENOENT"),
    ]);
    writeFileSync(join(program.folder, "short"), "hush");
    const short = await program.run(["bunkernet-server", "--admin-token-file", "short"]);
    expect(short.code).toBe(2);
    expect(short.err).toContain("--admin-token-file: short must hold 16 to 256 characters without spaces");
    expect(short.err).not.toContain("hush");
  });
});

describe("bunkernet", () => {
  const run = (action: string, ...args: string[]): Promise<Ran> =>
    program.run(["bunkernet", action, ...args], { env: { BUNKERNET_SERVER: url } });

  test("registers, pings and fetches the list for the app's cacheDir", async () => {
    const registered = await run("register", "--cache-dir", "cache");
    expect(registered).toEqual({
      code: 0,
      out: `Server      ${url}/\nRegistered  yes\n`,
      err: "",
    });
    const ping = await run("ping", "--cache-dir", "cache");
    expect(ping.out).toBe(`Server      ${url}/\nRegistered  yes\nAnswer      pong\n`);
    const { code, out } = await run("sync", "--cache-dir", "cache", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ status: { registered: true, list: { state: "in force" } } });
  });

  test("an id that would be lost is not asked for", async () => {
    const { code, err } = await run("register");
    expect(code).toBe(2);
    expect(err).toContain("the id must be kept somewhere: --cache-dir DIR, or settings with USE_REDIS=yes");
  });

  test("a server that is down is told of", async () => {
    const env = { BUNKERNET_SERVER: "http://127.0.0.1:9" };
    const { code, err } = await program.run(["bunkernet", "ping", "--cache-dir", "other"], { env });
    expect(code).toBe(3);
    expect(err).toMatch(/^express-bunker: the BunkerNet API did not do it: .*\n$/);
  });

  test("status is a running app's", async () => {
    const alone = await run("status");
    expect(alone.code).toBe(3);
    expect(alone.err).toContain("there is no running app to ask");
    const running = await startApp(program.folder, { bunkernet: { server: url } });
    try {
      await running.app.bunkernet?.sync();
      const { code, out } = await run("status");
      expect(code).toBe(0);
      expect(out).toMatch(/^List {8}0 entries in force$/m);
      expect(out).toMatch(/^Reports {5}0 waiting, 0 delivered$/m);
    } finally {
      await running.close();
    }
  });

  test("an app without BunkerNet says so; settings that turn it off, too", async () => {
    const running = await startApp(program.folder);
    const { code, err } = await run("status");
    await running.close();
    expect([code, err]).toEqual([1, "express-bunker: BunkerNet is off in this app\n"]);
    const env = { USE_BUNKERNET: "no" };
    const off = await program.run(["bunkernet", "ping", "--cache-dir", "cache"], { env });
    expect(off).toMatchObject({
      code: 1,
      err: "express-bunker: BunkerNet is off in these settings (USE_BUNKERNET=no)\n",
    });
  });
});
