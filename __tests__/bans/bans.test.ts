import express from "express";
import { networkInterfaces } from "node:os";
import { badBehavior, BanList, MemoryStore, type BunkerEvent } from "../../src/index.js";
import { ask, NAVIGATION } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";

const clock = new Clock();
let served: Served | undefined;

afterEach(async () => {
  await served?.close();
  served = undefined;
});

async function guarded(
  options: Parameters<typeof badBehavior>[0] = {},
): Promise<{ url: string; bans: BanList; store: MemoryStore; guard: ReturnType<typeof badBehavior> }> {
  const store = (options.store as MemoryStore | undefined) ?? new MemoryStore({ now: clock.now });
  const guard = badBehavior({ logger: false, ...options, store });
  served = await serve(EXPRESS.app([guard], plainSite));
  return { url: served.url, bans: guard.bans, store, guard };
}

test("a ban reads as it was written, from every list on the store", async () => {
  const store = new MemoryStore({ now: clock.now });
  const bans = new BanList(store);
  await bans.add("9.9.9.9", {
    reason: "honeypot",
    ttl: 60,
    service: "www.example.com",
    data: { trap: "/x" },
  });
  const read = await new BanList(store).get("9.9.9.9", "www.example.com");
  expect(read).toEqual({
    ip: "9.9.9.9",
    reason: "honeypot",
    scope: "service",
    service: "www.example.com",
    date: new Date(clock.now()),
    expires: new Date(clock.now() + 60_000),
    data: { trap: "/x" },
    action: "deny",
  });
  expect(await bans.list()).toEqual([read]);
});

test("the service's own ban comes first, then the global one; without a service any counts", async () => {
  const bans = new BanList(new MemoryStore({ now: clock.now }));
  await bans.add("9.9.9.9", { reason: "everywhere" });
  await bans.add("9.9.9.9", { reason: "here", service: "a.test" });
  expect((await bans.get("9.9.9.9", "a.test"))!.reason).toBe("here");
  expect((await bans.get("9.9.9.9", "b.test"))!.reason).toBe("everywhere");
  expect(await bans.remove("9.9.9.9", { service: "a.test" })).toBe(true);
  expect((await bans.get("9.9.9.9", "a.test"))!.reason).toBe("everywhere");
  await bans.add("9.9.9.9", { reason: "here", service: "a.test" });
  expect(await bans.remove("9.9.9.9")).toBe(true);
  expect(await bans.get("9.9.9.9")).toBeUndefined();
  expect(await bans.remove("9.9.9.9")).toBe(false);
});

test("ranges of both families are refused by every address in them, and by none beside", async () => {
  const { url, bans } = await guarded();
  await bans.add("20.1.0.0/16");
  await bans.add("20.2.3.0/24", { service: "elsewhere" });
  await bans.add("2600:1000::/32");
  await bans.add("2600:2000::5");
  await bans.add("2600:3000::5/128");
  const status = async (from: string): Promise<number> => (await ask(url, "/", { from })).status;
  for (const shut of ["20.1.0.0", "20.1.255.255", "2600:1000:ffff::1", "2600:2000::9"])
    expect([shut, await status(shut)]).toEqual([shut, 403]);
  for (const open of [
    "20.2.3.4",
    "20.0.255.255",
    "20.2.0.0",
    "2600:1001::1",
    "2600:2000:0:1::",
    "2600:3000::6",
  ])
    expect([open, await status(open)]).toEqual([open, 200]);
  expect(await status("2600:3000::5")).toBe(403);
  expect((await bans.get("20.1.2.3"))!.ip).toBe("20.1.0.0/16");
  expect(await bans.remove("20.1.0.0/16")).toBe(true);
  expect(await status("20.1.0.1")).toBe(200);
});

test("bans that were in the store before the first request are in force for it", async () => {
  const store = new MemoryStore({ now: clock.now });
  store.set("ban:9.9.9.9", "bare text is the reason", 60);
  const { url, bans } = await guarded({ store });
  expect((await ask(url, "/", { from: "9.9.9.9" })).status).toBe(403);
  expect((await bans.get("9.9.9.9"))!.reason).toBe("bare text is the reason");
  store.set("ban:9.9.9.8|default", '{"reason":"by another instance","ban_scope":"service"}', 60);
  expect((await ask(url, "/", { from: "9.9.9.8" })).status).toBe(403);
  store.delete("ban:9.9.9.8|default");
  expect((await ask(url, "/", { from: "9.9.9.8" })).status).toBe(200);
});

test("R26 wide bans, this machine and trusted proxies need force", async () => {
  const { url, bans } = await guarded({ trustProxy: "127.0.0.1, 20.5.5.0/24" });
  await ask(url, "/", { from: "8.8.8.8" });
  const own = Object.values(networkInterfaces())
    .flat()
    .map((entry) => entry!.address);
  for (const wide of [
    "0.0.0.0/0",
    "16.0.0.0/7",
    "::/0",
    "2000::/18",
    "127.0.0.0/8",
    "20.5.5.7",
    "20.0.0.0/8",
    ...own,
  ]) {
    await expect(bans.add(wide)).rejects.toMatchObject({ code: "ERR_BUNKER_BAN_WIDE" });
  }
  await expect(bans.add("20.5.5.7", { force: true })).resolves.toBeDefined();
  await expect(bans.add("32.0.0.0/8")).resolves.toBeDefined();
  await expect(bans.add("2600::/19")).resolves.toBeDefined();
  for (const junk of ["", "nobody", "1", "010.0.0.1", "1.2.3.4/33"])
    await expect(bans.add(junk)).rejects.toMatchObject({ code: "ERR_BUNKER_BAN_ADDRESS" });
});

test("what is no address, and options that no ban can have, are named in the error", async () => {
  const bans = new BanList(new MemoryStore());
  const code = "ERR_BUNKER_BAN_ADDRESS";
  for (const method of ["add", "get", "remove"] as const)
    for (const [wrong, words] of [
      [undefined, "undefined is not a valid IP address"],
      [null, "null is not a valid IP address"],
      [42, "a number is not a valid IP address"],
    ] as const) {
      const message = expect.stringContaining(words) as string;
      await expect(bans[method](wrong as never)).rejects.toMatchObject({ code, message });
    }
  for (const [wrong, words] of [
    [{ ttl: "1h" }, "ttl must be a number of seconds from 0, not 1h"],
    [{ scope: "all" }, 'scope must be "service" or "global", not all'],
    [{ action: "drop" }, 'action must be "deny" or "challenge", not drop'],
  ] as const) {
    const message = expect.stringContaining(words) as string;
    await expect(bans.add("9.9.9.9", wrong as never)).rejects.toMatchObject({ code, message });
  }
  expect(await bans.list()).toEqual([]);
  expect((await bans.add("9.9.9.9", { reason: 5 as never })).reason).toBe("5");
});

test("R26 an unban clears the counters and cached verdicts of what it covers", async () => {
  const store = new MemoryStore({ now: clock.now });
  const bans = new BanList(store);
  store.hit("hit:9.9.9.9|bb|default", 60, 10);
  store.set("cache:9.9.9.9|dnsbl|x", "listed", 60);
  store.set("cache:9.9.9.90|dnsbl|x", "listed", 60);
  store.set("cache:2600::1|dnsbl|x", "listed", 60);
  await bans.add("9.9.9.9");
  await bans.remove("9.9.9.9");
  expect([
    store.ttl("hit:9.9.9.9|bb|default"),
    store.get("cache:9.9.9.9|dnsbl|x"),
    store.get("cache:9.9.9.90|dnsbl|x"),
  ]).toEqual([undefined, undefined, "listed"]);
  await bans.add("2600::9");
  await bans.remove("2600::9");
  expect(store.get("cache:2600::1|dnsbl|x")).toBeUndefined();
});

describe("refusals", () => {
  test("a page for people, JSON for programs, no body for HEAD; a reference id on each", async () => {
    const { url, bans, guard } = await guarded();
    const ids: string[] = [];
    guard.events.on("denied", ({ id }) => ids.push(id));
    await bans.add("9.9.9.9", { reason: "manual" });
    const page = await ask(url, "/", {
      from: "9.9.9.9",
      headers: { ...NAVIGATION, "Accept-Language": "fr" },
    });
    expect([page.status, page.headers["content-type"], page.headers["cache-control"]]).toEqual([
      403,
      "text/html; charset=utf-8",
      "no-store",
    ]);
    expect(page.text).toContain(`lang="fr"`);
    expect(page.text).toContain(ids[0]);
    const json = await ask(url, "/", { from: "9.9.9.9", headers: { Accept: "application/json" } });
    expect([json.status, json.headers["content-type"]]).toEqual([403, "application/problem+json"]);
    expect(json.json).toEqual({
      type: "urn:express-bunker:denied",
      title: "Forbidden",
      status: 403,
      id: ids[1],
    });
    const head = await ask(url, "/", { method: "HEAD", from: "9.9.9.9" });
    expect([head.status, head.text]).toEqual([403, ""]);
    expect(new Set(ids).size).toBe(3);
  });

  test("deny.render writes the page; when it throws, ours is shown and a fault told", async () => {
    const { url, bans } = await guarded({
      deny: { render: (_req, info) => `<p>${info.reason} ${info.id} ${info.ban!.ip} ${info.language}</p>` },
    });
    await bans.add("9.9.9.9");
    expect((await ask(url, "/", { from: "9.9.9.9" })).text).toMatch(
      /^<p>manual [0-9A-Z]{12} 9\.9\.9\.9 en<\/p>$/,
    );
    await served?.close();
    const broken = await guarded({
      deny: {
        render: () => {
          throw new Error("secret detail");
        },
      },
    });
    const faults: BunkerEvent[] = [];
    broken.guard.events.on("fault", (event) => faults.push(event));
    await broken.bans.add("9.9.9.9");
    const got = await ask(broken.url, "/", { from: "9.9.9.9" });
    expect([got.status, got.text.includes("secret detail"), faults.length]).toEqual([403, false, 1]);
  });

  test("R28 444 drops the connection without a byte; behind a trusted proxy it becomes 403 unless forced", async () => {
    const viaProxy = await guarded({ deny: { status: 444 } });
    await viaProxy.bans.add("9.9.9.9");
    expect((await ask(viaProxy.url, "/", { from: "9.9.9.9" })).status).toBe(403);
    await served?.close();
    const forced = await guarded({ deny: { status: 444, force: true } });
    await forced.bans.add("9.9.9.9");
    await expect(ask(forced.url, "/", { from: "9.9.9.9" })).rejects.toMatchObject({ code: "ECONNRESET" });
    await served?.close();
    const socket = await guarded({ deny: { status: 444 }, banLocal: true });
    await socket.bans.add("127.0.0.1", { force: true });
    await expect(ask(socket.url, "/")).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("R34 every page shows a reference id, in the visitor's language, right to left where that is so", async () => {
    const { url, bans } = await guarded();
    await bans.add("9.9.9.9");
    const got = await ask(url, "/", {
      from: "9.9.9.9",
      headers: { ...NAVIGATION, "Accept-Language": "ar-EG,ar;q=0.9" },
    });
    expect(got.text).toMatch(/<html[^>]* lang="ar"[^>]* dir="rtl"|<html[^>]* dir="rtl"[^>]* lang="ar"/);
    expect(got.text).toMatch(/[0-9A-HJKMNP-TV-Z]{12}/);
  });
});

test("an app bans by what only it knows: req.bunker.ban", async () => {
  const store = new MemoryStore();
  const app = express();
  app.set("trust proxy", "loopback");
  app.use(badBehavior({ store, logger: false }));
  app.post("/login", (req, res) => {
    void req.bunker?.ban({ reason: "stolen password list", ttl: 60 });
    res.end("no");
  });
  app.use(plainSite);
  served = await serve(app);
  await ask(served.url, "/login", { method: "POST", from: "9.9.9.9" });
  expect((await ask(served.url, "/", { from: "9.9.9.9" })).status).toBe(403);
  expect(await new BanList(store).get("9.9.9.9")).toMatchObject({
    reason: "stolen password list",
    scope: "service",
    service: "default",
  });
  await ask(served.url, "/login", { method: "POST", from: "10.0.0.1" });
  expect((await ask(served.url, "/", { from: "10.0.0.1" })).status).toBe(200);
});

test("a store that is down: requests pass or are refused with 503, as onStoreError says; nothing is thrown", async () => {
  const down = (): never => {
    throw new Error("connection refused");
  };
  const dead = {
    get: down,
    ttl: down,
    set: down,
    add: down,
    increment: down,
    hit: down,
    delete: down,
    keys: down,
  };
  for (const [onStoreError, status] of [
    ["allow", 404],
    ["deny", 503],
  ] as const) {
    const guard = badBehavior({ store: { ...dead }, logger: false, onStoreError });
    const faults: string[] = [];
    guard.events.on("fault", ({ reason }) => faults.push(reason));
    served = await serve(EXPRESS.app([guard], plainSite));
    const got = await ask(served.url, "/missing", { from: "9.9.9.9" });
    expect([got.status, got.text.includes("connection refused")]).toEqual([status, false]);
    expect(faults).toContain("store");
    await served.close();
  }
});

test("a ban that is known here is in force though the store was never read", async () => {
  const store = new MemoryStore();
  const unreadable = Object.assign(Object.create(store) as MemoryStore, {
    keys: () => {
      throw new Error("connection refused");
    },
  });
  const guard = badBehavior({ store: unreadable, logger: false });
  served = await serve(EXPRESS.app([guard], plainSite));
  expect((await ask(served.url, "/", { from: "9.9.9.9" })).status).toBe(200);
  await guard.bans.add("9.9.9.9");
  expect((await ask(served.url, "/", { from: "9.9.9.9" })).status).toBe(403);
  expect((await ask(served.url, "/", { from: "8.8.8.8" })).status).toBe(200);
});

test("a listener that throws is told of once and never reaches the request", async () => {
  const warnings: string[] = [];
  const { url, guard, bans } = await guarded({
    logger: {
      info: () => undefined,
      warn: (text: string) => void warnings.push(text),
      error: () => undefined,
    },
    events: {
      denied: () => {
        throw new Error("listener");
      },
    },
  });
  await bans.add("9.9.9.9");
  for (let i = 0; i < 3; i++) expect((await ask(url, "/", { from: "9.9.9.9" })).status).toBe(403);
  expect(warnings.filter((text) => text.startsWith("WRN_BUNKER_LISTENER"))).toHaveLength(1);
  await guard.close();
});
