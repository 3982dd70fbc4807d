import { createHash } from "node:crypto";
import { antibot, bunker, MemoryStore } from "../../src/index.js";
import { bunkernet } from "../../src/bunkernet/index.js";
import { BunkernetProtection, serverName } from "../../src/bunkernet/bunkernet-protection.js";
import { bunkernetTable } from "../../src/bunkernet/options.js";
import { readOptions } from "../../src/options/table.js";
import { Context } from "../../src/engine/context.js";
import { sharedTable } from "../../src/engine/shared-options.js";
import { ask, NAVIGATION } from "../support/ask.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";
import { startContract, type ContractServer } from "./contract-server.js";
import { LISTED, startSite, VISITOR } from "./site.js";
import { stopSites } from "../support/site.js";

let api: ContractServer;
const before = { NODE_ENV: process.env["NODE_ENV"], CI: process.env["CI"] };

beforeEach(async () => {
  api = await startContract();
  api.list = [LISTED];
});
afterEach(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  await stopSites();
  await api.close();
  expect(api.violations).toEqual([]);
});

// As bunker() makes it.
function protectionOf(byDefault: boolean, lines: string[]): { guard: BunkernetProtection; context: Context } {
  const say = (line: string): void => void lines.push(line);
  const shared = { store: new MemoryStore(), logger: { info: say, warn: say, error: say } };
  const fail = (problem: unknown): never => {
    throw new Error(JSON.stringify(problem));
  };
  const context = new Context(readOptions(sharedTable, shared, "", fail), shared);
  const options = readOptions(bunkernetTable, { server: api.url }, "", fail);
  return { guard: new BunkernetProtection(context, options, () => undefined, { byDefault }), context };
}

test.each([
  { NODE_ENV: "test", CI: "" },
  { NODE_ENV: "production", CI: "true" },
])("R29 on only by default there is no traffic in tests and CI: %p", async (env) => {
  Object.assign(process.env, env);
  const lines: string[] = [];
  const { guard, context } = protectionOf(true, lines);
  await guard.start();
  await guard.sync();
  await guard.flush();
  await expect(guard.ping()).rejects.toThrow(/test or CI/);
  expect(guard.status.quiet).toBe(true);
  await guard.close();
  context.close();
  expect([api.calls, lines]).toEqual([[], []]);
});

test("R37 on by default in production one line says what is shared, with whom, and how to turn it off", async () => {
  Object.assign(process.env, { NODE_ENV: "production", CI: "false" });
  const lines: string[] = [];
  const { guard, context } = protectionOf(true, lines);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/shares addresses .* with 127\.0\.0\.1:\d+; .*bunkernet: false turns it off/);
  expect(api.calls).toEqual([]);
  await guard.sync();
  expect(guard.has(LISTED)).toBe(true);
  await guard.close();
  context.close();
});

test('action: "challenge" sends who is listed to the gate', async () => {
  const store = new MemoryStore();
  const shared = { store, logger: false } as const;
  const gate = antibot({
    ...shared,
    challenge: "cookie",
    sessions: { secret: "a secret of 32 characters, or so" },
    ignoreUri: "^/open",
  });
  const guard = bunkernet({ ...shared, server: api.url, action: "challenge", gate });
  const served = await serve(EXPRESS.app([guard, gate], plainSite));
  await guard.sync();
  const open = async (from: string): Promise<number> =>
    (await ask(served.url, "/open", { from, headers: NAVIGATION })).status;
  expect([await open(VISITOR), await open(LISTED)]).toEqual([200, 302]);
  await guard.close();
  await gate.close();
  await served.close();
});

test("R29 detect mode refuses nobody and reports nobody", async () => {
  const site = await startSite(api.url, { mode: "detect" });
  await site.guard.sync();
  expect(await site.status(LISTED)).toBe(200);
  await site.bans.add(VISITOR, { reason: "bad behavior" });
  expect(await site.status(VISITOR)).toBe(200);
  await site.guard.flush();
  expect(api.count("/report")).toBe(0);
});

test("R2 with `trust proxy: true` nobody can have another's address reported", async () => {
  const site = await startSite(api.url, { trustProxy: true });
  await site.bans.add(VISITOR, { reason: "bad behavior" });
  expect(await site.status(VISITOR)).toBe(403);
  await site.guard.flush();
  expect(api.count("/report")).toBe(0);
});

test("a store that fails costs no report and no request", async () => {
  const store = new MemoryStore();
  const site = await startSite(api.url, { store });
  await site.guard.sync();
  await site.bans.add(VISITOR, { reason: "bad behavior" });
  const broken = (): never => {
    throw new Error("down");
  };
  const faults = [jest.spyOn(store, "set"), jest.spyOn(store, "add")];
  for (const fault of faults) fault.mockImplementation(broken);
  expect(await site.status(VISITOR)).toBe(403);
  expect(await site.status(LISTED)).toBe(403);
  await site.guard.flush();
  expect(site.guard.status().reports.queued).toBe(1);
  for (const fault of faults) fault.mockRestore();
  await site.guard.flush();
  expect(api.reports.map(({ ip }) => ip)).toEqual([VISITOR]);
});

test("report: false only takes the list", async () => {
  const site = await startSite(api.url, { report: false });
  await site.refuse(VISITOR);
  await site.guard.flush();
  await site.guard.sync();
  expect(site.guard.has(LISTED)).toBe(true);
  expect(api.count("/report")).toBe(0);
  expect(site.lines[0]).toMatch(/reports nothing/);
});

test("serverName names the service only when it is asked to", async () => {
  const site = await startSite(api.url, { serverName: true, service: "shop" });
  await site.refuse(VISITOR);
  const other = await startSite(api.url, { serverName: "mine" });
  await other.refuse(VISITOR);
  await site.guard.flush();
  await other.guard.flush();
  expect(api.reports.map(({ server_name }) => server_name)).toEqual(["shop", "mine"]);
});

test("who is on allow, and who is not global, is never looked up nor reported", async () => {
  api.list = [LISTED];
  const site = await startSite(api.url, { allow: VISITOR });
  await site.bans.add(VISITOR, { reason: "bad behavior" });
  await site.guard.sync();
  expect(await site.status(VISITOR)).toBe(200);
  await site.guard.flush();
  expect(api.count("/report")).toBe(0);
});

test("a service that leaves BunkerNet off has nobody reported, whatever the others do", async () => {
  const guard = bunker({
    store: new MemoryStore(),
    logger: false,
    bunkernet: { server: api.url },
    services: { "takes-part.test": {}, "keeps-out.test": { bunkernet: false } },
  });
  const served = await serve(EXPRESS.app([guard], plainSite));
  await guard.bunkernet?.sync();
  const open = async (host: string, from: string): Promise<number> =>
    (await ask(served.url, "/", { from, headers: { Host: host } })).status;
  expect([await open("takes-part.test", LISTED), await open("keeps-out.test", LISTED)]).toEqual([403, 200]);
  for (const ip of ["8.8.8.1", "8.8.8.2"]) await guard.bans.add(ip, { reason: "bad behavior" });
  expect([await open("takes-part.test", "8.8.8.1"), await open("keeps-out.test", "8.8.8.2")]).toEqual([
    403, 403,
  ]);
  await guard.bunkernet?.flush();
  expect(api.reports.map(({ ip }) => ip)).toEqual(["8.8.8.1"]);
  await served.close();
  await guard.close();
});

test("the name of the public server is the hash of its address, like that of any other", () => {
  for (const address of ["https://api.bunkerweb.io", "https://bunkernet.test/api"]) {
    const url = new URL(address);
    const hash = createHash("sha256").update(url.href).digest("hex").slice(0, 12);
    expect(serverName(url)).toBe(hash);
  }
});
