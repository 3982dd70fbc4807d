import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore } from "../../src/index.js";
import { stopProcess } from "../support/server-process.js";
import { startContract, type ContractServer } from "./contract-server.js";
import { LISTED, startSite, VISITOR } from "./site.js";
import { stopSites } from "../support/site.js";
import { until } from "../support/until.js";

let api: ContractServer;
let cacheDir: string;
let running: ChildProcess | undefined;

beforeEach(async () => {
  api = await startContract();
  api.list = [LISTED];
  cacheDir = await mkdtemp(join(tmpdir(), "bunkernet-"));
});
afterEach(async () => {
  if (running !== undefined) await stopProcess(running, "SIGKILL");
  running = undefined;
  await stopSites();
  await api.close();
  await rm(cacheDir, { recursive: true, force: true });
  expect(api.violations).toEqual([]);
});

const folder = async (): Promise<string> => {
  const [name = ""] = await readdir(join(cacheDir, "bunkernet"));
  return join(cacheDir, "bunkernet", name);
};

test("a restart with the API down: the list is in force at once, for the first request too", async () => {
  const site = await startSite(api.url, { cacheDir });
  await site.guard.sync();
  await site.close();
  const { url } = api;
  await api.close();
  const again = await startSite(url, { cacheDir });
  expect(await again.status(LISTED)).toBe(403);
  expect(await again.status(VISITOR)).toBe(200);
  expect(again.guard.status().list).toMatchObject({
    state: "in force",
    checked: site.guard.status().list.checked,
  });
  api = await startContract();
});

test("the id survives a restart, in the folder and in the store", async () => {
  const site = await startSite(api.url, { cacheDir });
  await site.guard.sync();
  const { store } = site;
  await site.close();
  for (const options of [{ cacheDir }, { store }]) {
    const again = await startSite(api.url, options);
    await again.guard.register();
    expect(await again.guard.ping()).toBe("pong");
  }
  expect(api.count("/register")).toBe(1);
  expect((await stat(join(await folder(), "instance.json"))).mode & 0o077).toBe(0);
});

test("a list younger than a day is not asked for again", async () => {
  const site = await startSite(api.url, { cacheDir });
  await site.guard.sync();
  await site.close();
  const again = await startSite(api.url, { cacheDir, now: site.clock.now });
  await again.guard.ready();
  await again.guard.ping();
  await again.close();
  expect(api.count("/db")).toBe(1);
  site.clock.advance(86_400 * 1.2);
  const later = await startSite(api.url, { cacheDir, now: site.clock.now });
  await later.guard.ready();
  await until(() => api.count("/db") === 2);
});

test("the same list again is no new one: nothing is written or swapped", async () => {
  const site = await startSite(api.url, { cacheDir });
  await site.guard.sync();
  const file = join(await folder(), "ip.list");
  const before = await stat(file);
  await site.guard.sync();
  expect(await stat(file)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  api.list = ["1.1.1.1"];
  await site.guard.sync();
  expect((await stat(file)).ino).not.toBe(before.ino);
  expect((await readFile(file, "latin1")).split("\n")[0]).toBe("1.1.1.1");
});

test("a kept list that was cut short or changed is not believed", async () => {
  const site = await startSite(api.url, { cacheDir });
  await site.guard.sync();
  await site.close();
  const file = join(await folder(), "ip.list");
  const text = await readFile(file, "latin1");
  api.fault = (_call, _req, res) => (res.destroy(), true);
  for (const wrong of [text.slice(0, 5), text.replace(LISTED, VISITOR), text.slice(0, -20), ""]) {
    await writeFile(file, wrong);
    const same = await startSite(api.url, { cacheDir });
    await same.guard.ready();
    expect(same.guard.status().list.state).toBe("none");
  }
});

test("reports in a store of memory survive a restart by their file", async () => {
  const site = await startSite(api.url, { cacheDir });
  api.fault = (call, _req, res) => (call.path === "/report" ? (res.destroy(), true) : false);
  await site.refuse(VISITOR);
  await site.refuse("5.5.5.5");
  await site.close();
  expect(api.reports).toEqual([]);
  api.fault = undefined;
  const again = await startSite(api.url, { cacheDir, store: new MemoryStore() });
  await again.guard.flush();
  expect(api.reports.map(({ ip }) => ip).sort()).toEqual(["5.5.5.5", VISITOR]);
  await again.close();
  expect((await readdir(await folder())).filter((name) => name.startsWith("reports-"))).toEqual([]);
});

test("kill -9 in the middle of a download: the old list stays, the rest is swept up", async () => {
  const root = join(__dirname, "../..");
  const program = join(root, ".tmp/killed-child.cjs");
  const options = { entryPoints: [join(__dirname, "killed-child.ts")], outfile: program, bundle: true };
  const more = { platform: "node", format: "cjs", target: "node20", packages: "external" };
  // Not in this process: Jest's own globals confuse esbuild.
  const bundle = `require("esbuild").buildSync(${JSON.stringify({ ...options, ...more })})`;
  execFileSync(process.execPath, ["-e", bundle], { cwd: root });
  const site = await startSite(api.url, { cacheDir });
  await site.guard.sync();
  await site.close();
  const sent = { half: false };
  api.fault = (call, _req, res) => {
    if (call.path !== "/db") return false;
    res.writeHead(200, { "Content-Type": "application/json" });
    res.write(`{"result":"ok","data":["${VISITOR}","1.1.1.1",`, () => (sent.half = true));
    return true;
  };
  const child = spawn(process.execPath, [program, api.url, cacheDir], { stdio: "ignore" });
  running = child;
  const made = async (): Promise<string[]> =>
    (await readdir(await folder())).filter((name) => /^ip\.list\.\d+-/.test(name));
  while (!sent.half || (await made()).length === 0) {
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await stopProcess(child, "SIGKILL");
  api.fault = undefined;
  const again = await startSite(api.url, { cacheDir });
  await again.guard.ready();
  expect([again.guard.has(LISTED), again.guard.has(VISITOR)]).toEqual([true, false]);
  await again.guard.sync();
  expect(await made()).toEqual([]);
});
