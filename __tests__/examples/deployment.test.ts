// examples/compose as it runs, without containers: its app twice, a real Redis, and a real nginx with the shipped configuration.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundleProgram } from "../cluster/instance.js";
import { startRedis, type RedisServer } from "../redis/servers.js";
import { ask, browse, Jar } from "../support/ask.js";
import { freePort, stopProcess } from "../support/server-process.js";
import { until } from "../support/until.js";
import { COMPOSE, composeFile, envOf } from "./files.js";
import { startNginx, type Nginx } from "./nginx.js";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "bunker-deployment-"));
const PASSWORD = "open sesame";
const INSTANCES = ["app-1", "app-2"] as const;

interface App {
  readonly child: ChildProcess;
  readonly site: string;
  readonly operators: string;
  readonly port: number;
  readonly operatorsPort: number;
}

let redis: RedisServer;
const apps = new Map<string, App>();
let nginx: Nginx;

beforeAll(async () => {
  const program = bundleProgram("examples/compose/app.mjs", "deployment/app.js");
  const [, ...settings] = composeFile().services["redis"]!.command!;
  redis = await startRedis(settings);
  for (const name of INSTANCES) apps.set(name, await startApp(program, name));
  nginx = await startNginx((name, upstream) => {
    const app = apps.get(name)!;
    return upstream === "site" ? app.port : app.operatorsPort;
  });
}, 120_000);

afterAll(async () => {
  await nginx.stop();
  for (const { child } of apps.values()) await stopProcess(child, "SIGKILL");
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the app with the environment of its service in compose.yaml; only addresses and ports are other ones. */
async function startApp(program: string, name: (typeof INSTANCES)[number]): Promise<App> {
  const [port, operatorsPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      ...envOf(composeFile().services[name]!),
      REDIS_URL: redis.url,
      SESSIONS_SECRET: "a secret of both instances",
      DASHBOARD_PASSWORD: PASSWORD,
      TRUST_PROXY: "127.0.0.1",
      BAN_LOCAL: "yes",
      PORT: String(port),
      OPERATORS_PORT: String(operatorsPort),
    },
    stdio: "ignore",
  });
  child.unref();
  const app = {
    child,
    port,
    operatorsPort,
    site: `http://127.0.0.1:${port}`,
    operators: `http://127.0.0.1:${operatorsPort}`,
  };
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${name} has ended with ${child.exitCode}`);
    return (await ask(app.site, "/api/hello").catch(() => undefined))?.status === 200;
  });
  return app;
}

test("promtool finds nothing wrong with Prometheus' files where compose.yaml mounts them", async () => {
  const root = join(folder, "prometheus-root");
  for (const mount of composeFile().services["prometheus"]!.volumes!) {
    const [source = "", target = ""] = mount.split(":");
    if (!source.startsWith(".")) continue;
    mkdirSync(join(root, target, ".."), { recursive: true });
    copyFileSync(join(COMPOSE, source), join(root, target));
  }
  const { stdout } = await run("promtool", ["check", "config", join(root, "etc/prometheus/prometheus.yml")]);
  expect(stdout).toMatch(/SUCCESS: 1 rule files found/);
  expect(stdout).toMatch(/SUCCESS: [1-9]\d* rules found/);
});

test("nginx uses both instances, and each sees the address of the client, whatever it claims", async () => {
  const seen = new Set<unknown>();
  await until(async () => {
    const forged = { "X-Forwarded-For": "8.8.8.8", Forwarded: "for=8.8.8.8", "X-Real-IP": "8.8.8.8" };
    const { hello, instance } = JSON.parse((await nginx.visit("127.0.0.7", "/api/hello", forged)).text);
    expect(hello).toBe("127.0.0.7");
    seen.add(instance);
    return seen.size === 2;
  });
});

test("a browser that comes through nginx is led to the gate, at a path of the same origin", async () => {
  const steps = await browse(nginx.site, "/", { jar: new Jar() });
  const places = steps.flatMap(({ headers }) => headers.location ?? []);
  expect(places.length).toBeGreaterThan(0);
  for (const place of places) expect(place).toMatch(/^\/[a-z]/);
  expect(steps.at(-1)!.text).toContain("<form");
});

test("a ban that one instance makes is in force at the other and through nginx, for that client only", async () => {
  const [one, two] = INSTANCES.map((name) => apps.get(name)!.site) as [string, string];
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 11; attempt++)
    statuses.push((await ask(one, `/api/${attempt}.php`, { from: "127.0.0.8" })).status);
  expect(statuses).toEqual([...Array<number>(10).fill(404), 403]);
  await until(async () => (await ask(two, "/api/hello", { from: "127.0.0.8" })).status === 403);
  expect((await nginx.visit("127.0.0.8", "/api/hello")).status).toBe(403);
  expect((await nginx.visit("127.0.0.7", "/api/hello")).status).toBe(200);
});

test("each instance has its metrics and its health on the operators' port, and visitors have neither", async () => {
  for (const { operators, site } of apps.values()) {
    const health = await ask(operators, "/healthz");
    expect([health.status, health.json["status"]]).toEqual([200, "ok"]);
    const page = await ask(operators, "/metrics");
    expect(page.text).toMatch(/^express_bunker_bans_active 1$/m);
    expect((await ask(site, "/api/metrics", { from: "127.0.0.9" })).status).toBe(404);
  }
  const requests = [...apps.values()].map(async ({ operators }) => {
    const { text } = await ask(operators, "/metrics");
    return /express_bunker_bans_total\{[^}]*bad-behavior[^}]*\} 1/.test(text);
  });
  expect(await Promise.all(requests)).toEqual([true, false]);
});

test("nginx's port for operators answers its health check, and nothing else of the instances", async () => {
  expect((await ask(nginx.operators, "/healthz")).status).toBe(200);
  for (const path of ["/", "/metrics", "/api/hello", "/healthz/x"])
    expect([path, (await ask(nginx.operators, path)).status]).toEqual([path, 404]);
});

test("operators reach the dashboard through their port with the password, and visitors do not reach it", async () => {
  const authorization = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}`;
  expect((await ask(nginx.operators, "/_bunker/api/session")).status).toBe(401);
  const visitor = await nginx.visit("127.0.0.9", "/_bunker/api/session", { Authorization: authorization });
  // The gate's refusal: for visitors this is a path like any other.
  expect(visitor.status).toBe(403);
  expect(visitor.text).not.toContain("csrf");
  const headers = {
    Authorization: authorization,
    Origin: nginx.operators,
    "Content-Type": "application/json",
  };
  const session = await ask(nginx.operators, "/_bunker/api/session", { headers });
  expect(session.status).toBe(200);
  const banned = await ask(nginx.operators, "/_bunker/api/bans", {
    method: "POST",
    headers: { ...headers, "X-Bunker-CSRF": String(session.json["csrf"]) },
    body: JSON.stringify({ address: "45.83.64.1", reason: "by hand" }),
  });
  expect([banned.status, banned.text]).toEqual([201, expect.stringContaining("45.83.64.1")]);
  for (const { site } of apps.values())
    await until(async () => (await ask(site, "/api/hello", { from: "45.83.64.1" })).status === 403);
});

test("SIGTERM ends an instance after what it has begun, and nginx goes on with the other", async () => {
  const { child } = apps.get("app-1")!;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  for (let turn = 0; turn < 4; turn++) {
    const { status, text } = await nginx.visit("127.0.0.7", "/api/hello");
    expect([status, JSON.parse(text).instance]).toEqual([200, "app-2"]);
  }
  // The ban outlives the instance that made it.
  expect((await nginx.visit("127.0.0.8", "/api/hello")).status).toBe(403);
  expect((await ask(nginx.operators, "/healthz")).status).toBe(200);
});
