import type { IncomingMessage } from "node:http";
import { bunkernet } from "../../src/bunkernet/index.js";
import { bunker, MemoryStore } from "../../src/index.js";
import { startContract, type ContractServer } from "./contract-server.js";
import { LISTED, startSite, VISITOR } from "./site.js";
import { until } from "../support/until.js";

let api: ContractServer;

beforeEach(async () => {
  api = await startContract();
  api.list = [LISTED, "1.1.1.1", "2606:4700::1111"];
});
afterEach(async () => {
  await api.close();
  expect(api.violations).toEqual([]);
});

test("registers once, takes the list and refuses who is on it", async () => {
  const site = await startSite(api.url);
  await site.guard.sync();
  expect(await site.status(LISTED)).toBe(403);
  expect(await site.status("2606:4700::1111")).toBe(403);
  expect(await site.status(VISITOR)).toBe(200);
  expect(site.events.filter(({ type }) => type === "denied").map(({ reason, ip }) => [reason, ip])).toEqual([
    ["bunkernet", LISTED],
    ["bunkernet", "2606:4700::1111"],
  ]);
  expect(await site.bans.get(LISTED)).toBeUndefined();
  await site.guard.sync();
  expect([api.count("/register"), api.count("/db")]).toEqual([1, 2]);
  expect(site.guard.has(LISTED)).toBe(true);
  expect(site.guard.has(VISITOR)).toBe(false);
  expect(() => site.guard.has("nobody")).toThrow(/ERR_BUNKER_BAN_ADDRESS/);
  expect(site.guard.status()).toMatchObject({
    registered: true,
    quiet: false,
    list: { state: "in force", entries: 3, refused: 0, problem: undefined },
  });
  expect(site.guard.health().ok).toBe(true);
});

test("R29 there is no traffic before the first request", async () => {
  const site = await startSite(api.url);
  expect(api.calls).toEqual([]);
  expect(site.guard.status().list.state).toBe("none");
  // Before the first list everybody passes.
  expect(await site.status(LISTED)).toBe(200);
  await until(() => site.guard.status().list.state === "in force");
  expect(await site.status(LISTED)).toBe(403);
});

test("R29 ready() starts it, too", async () => {
  const site = await startSite(api.url);
  await site.guard.ready();
  await until(() => site.guard.has(LISTED));
});

test("ping asks with the id", async () => {
  const site = await startSite(api.url);
  await site.guard.register();
  expect(await site.guard.ping()).toBe("pong");
  expect(api.calls.at(-1)?.body["id"]).toBe([...api.ids][0]);
});

test("R29 what is refused and banned here is reported, with nothing private in it", async () => {
  const site = await startSite(api.url);
  await site.refuse(VISITOR, "/wp-login.php?token=secret", {
    headers: {
      Cookie: "a=b",
      Authorization: "Basic eDp5",
      "X-Api-Key": "k",
      "User-Agent": "curl/8",
      Accept: "*/*",
    },
  });
  await site.guard.flush();
  expect(api.reports).toEqual([
    {
      ip: VISITOR,
      reason: "bad behavior",
      data: {},
      method: "GET",
      url: "/wp-login.php",
      headers: { "user-agent": "curl/8", accept: "*/*" },
      server_name: "_",
      date: "2026-01-01T00:00:00Z",
    },
  ]);
  expect(JSON.stringify(api.calls)).not.toMatch(/secret|eDp5|"k"/);
  expect(site.guard.status().reports).toMatchObject({ queued: 0, delivered: 1 });
  expect(site.events.filter(({ type }) => type === "reported")).toHaveLength(1);
});

test("R29 no echo: denials by BunkerNet, bans by hand and by the app are not reported", async () => {
  const site = await startSite(api.url);
  await site.guard.sync();
  expect(await site.status(LISTED)).toBe(403);
  await site.bans.add("1.1.1.2", { reason: "bunkernet" });
  expect(await site.status("1.1.1.2")).toBe(403);
  await site.bans.add("1.1.1.3", { reason: "Jane Doe's ex" });
  expect(await site.status("1.1.1.3")).toBe(403);
  await site.refuse("192.168.1.1");
  await site.guard.flush();
  expect(api.count("/report")).toBe(0);
});

test("reportManual shares bans by hand, but not what was written about them", async () => {
  const site = await startSite(api.url, { reportManual: true });
  await site.bans.add("1.1.1.3", { reason: "Jane Doe's ex", data: { note: "private" } });
  await site.guard.flush();
  expect(api.reports).toMatchObject([{ ip: "1.1.1.3", reason: "manual", data: {}, headers: {} }]);
});

test("one report an address and reason within 5400 s, an IPv6 prefix counted once", async () => {
  const site = await startSite(api.url);
  await site.refuse(VISITOR);
  await site.refuse("2606:4700::1");
  await site.refuse("2606:4700::2");
  for (let i = 0; i < 3; i++) expect(await site.status(VISITOR)).toBe(403);
  await site.guard.flush();
  expect(api.reports.map(({ ip }) => ip)).toEqual([VISITOR, "2606:4700::1"]);
  site.clock.advance(5401);
  await site.refuse(VISITOR);
  await site.guard.flush();
  expect(api.reports).toHaveLength(3);
});

test("batches hold 100 reports at most", async () => {
  const site = await startSite(api.url);
  for (let i = 0; i < 130; i++) await site.refuse(`5.5.${i}.1`);
  await site.guard.flush();
  expect(new Set(api.reports.map(({ ip }) => ip)).size).toBe(130);
  expect(api.reports).toHaveLength(130);
});

test("close() sends what waits", async () => {
  const site = await startSite(api.url);
  await site.refuse(VISITOR);
  await site.close();
  expect(api.reports).toHaveLength(1);
});

test("wrong options are named, plain http to public servers among them", () => {
  expect(() => bunkernet({ server: "http://bunkernet.example" })).toThrow(/server/);
  expect(() => bunkernet({ server: "https://a:b@bunkernet.example" })).toThrow(/server/);
  expect(() => bunkernet({ action: "challenge" })).toThrow(/action/);
  expect(() => bunkernet({ maxEntry: 1 } as never)).toThrow(/maxEntries/);
  for (const server of ["http://10.1.2.3", "http://[::1]:80", "http://localhost/api", "https://x.example"])
    expect(() => bunkernet({ server, logger: false }).close()).not.toThrow();
});

test("plain http is allowed to names of networks of one's own, and to no name that only looks like one", () => {
  for (const host of [
    "bunkernet-api",
    "bunkernet_api",
    "api.security.svc",
    "api.security.svc.cluster.local",
    "pi.local",
    "api.internal",
  ])
    expect(() => bunkernet({ server: `http://${host}:8080`, logger: false }).close()).not.toThrow();
  for (const host of [
    "local.example",
    "internal.example",
    "svc.example.com",
    "api.svc.example",
    "api.notlocal",
  ])
    expect(() => bunkernet({ server: `http://${host}:8080` })).toThrow(/server/);
});

test("R27 explain looks at the address that is judged, where anybody may choose one, too", async () => {
  const guard = bunker({
    bunkernet: { server: api.url },
    trustProxy: true,
    store: new MemoryStore(),
    logger: false,
  });
  await guard.bunkernet?.sync();
  const headers = { "x-forwarded-for": LISTED };
  const subject = { method: "GET", url: "/", headers, socket: { remoteAddress: "1.0.0.1" } };
  const explanation = await guard.explain(subject as unknown as IncomingMessage);
  expect(explanation).toMatchObject({ client: { ip: LISTED }, verdict: "deny", by: "bunkernet" });
  await guard.close();
});
