import { BanList, MemoryStore, type SharedOptions } from "../../src/index.js";
import { dnsbl, type DnsblOptions } from "../../src/dnsbl/index.js";
import { ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { HOSTS, type Host } from "../support/hosts.js";
import { soundList, startHostile, type HostileServer } from "./hostile-server.js";
import { list, LISTED, startSite, types, VISITOR, type Site } from "./site.js";
import { until } from "../support/until.js";

let server: HostileServer;
const site = (options: SharedOptions & DnsblOptions = {}, host?: Host): Promise<Site> =>
  startSite(server.server, options, host);

beforeAll(async () => {
  server = await startHostile();
});
beforeEach(() => {
  server.answer = list;
  server.delay = 0;
  server.asked.length = 0;
});
afterAll(() => server.close());

/** The questions asked about clients: neither self-tests nor control questions. */
const lookups = (): string[] =>
  server.asked.filter((name) => !/\.127\.list|\.127\.other|\.7\.f\.f\.f\.f\./.test(name));

describe.each(HOSTS)("on $name", (host) => {
  test("who is listed is refused, told of and banned; another client is not", async () => {
    const { status, events, guard, store } = await site({}, host);
    expect([await status(LISTED), await status(VISITOR), await status(LISTED)]).toEqual([403, 200, 403]);
    expect(types(events)).toEqual(["banned", "denied", "denied"]);
    expect(events[1]).toMatchObject({
      protection: "dnsbl",
      reason: "dnsbl",
      ip: LISTED,
      data: { zone: "list.test", code: "127.0.0.4" },
    });
    // The second refusal is the ban's.
    expect(events[2]).toMatchObject({ protection: "bans", reason: "dnsbl" });
    const ban = await new BanList(store).get(LISTED);
    expect(ban).toMatchObject({
      reason: "dnsbl",
      ip: LISTED,
      data: { zone: "list.test", code: "127.0.0.4" },
    });
    expect(guard.status().zones[0]).toMatchObject({ state: "good", listed: 1, clean: 1 });
  });
});

describe("verdicts", () => {
  test("check says what is thought of an address, and bans nobody", async () => {
    const { guard, store } = await site({ ignoreIp: "7.7.7.0/24" });
    expect(await guard.check(LISTED)).toEqual({ verdict: "listed", zone: "list.test", code: "127.0.0.4" });
    expect(await guard.check(VISITOR)).toEqual({ verdict: "clean" });
    for (const ip of ["127.0.0.1", "10.1.2.3", "::1", "fe80::1", "7.7.7.7"])
      expect(await guard.check(ip)).toEqual({ verdict: "skipped" });
    await expect(guard.check("9.9.9")).rejects.toMatchObject({ code: "ERR_BUNKER_BAN_ADDRESS" });
    expect(await new BanList(store).get(LISTED)).toBeUndefined();
  });

  test("R4 an address is looked up in its one spelling, mapped addresses as IPv4", async () => {
    const { guard } = await site();
    expect(await guard.check("::ffff:9.9.9.9")).toMatchObject({ verdict: "listed" });
    expect(await guard.check("64:ff9b::909:909")).toMatchObject({ verdict: "listed" });
    expect(lookups()).toEqual(["9.9.9.9.list.test"]);
  });

  test("R3 non-global clients, trusted proxies and ignored addresses cause no DNS traffic", async () => {
    const { status } = await site({ ignoreIp: "9.9.9.0/24", trustProxy: ["loopback", "5.5.5.5"] });
    expect([await status("10.0.0.1"), await status("127.0.0.1"), await status(LISTED)]).toEqual([
      200, 200, 200,
    ]);
    expect(await status("5.5.5.5")).toBe(200);
    expect(lookups()).toEqual([]);
  });

  test.each([
    ["127.0.0.1", "not a list answer"],
    ["127.255.255.252", "error code"],
    ["127.255.255.254", "error code"],
    ["127.255.255.255", "error code"],
    ["127.0.0.0", "not a list answer"],
    ["126.255.255.255", "not a list answer"],
    ["128.0.0.0", "not a list answer"],
    ["203.0.113.9", "not a list answer"],
  ])("an answer of %s is a zone's error, never a listing, beside a code too", async (code, why) => {
    const { guard, status } = await site();
    server.answer = (name) =>
      /\.9\.9\.9\.list/.test(name)
        ? { a: code.endsWith("4") ? [code] : ["127.0.0.2", code] }
        : soundList(name);
    expect(await status(LISTED)).toBe(200);
    expect(await guard.check(LISTED)).toEqual({ verdict: "error", zone: "list.test", code });
    expect(guard.status().zones[0]).toMatchObject({ errors: { [why]: 1 }, listed: 0 });
  });

  test.each(["127.0.0.2", "127.0.0.11", "127.0.1.4", "127.255.254.255"])("%s is a listing", async (code) => {
    const { guard } = await site();
    server.answer = (name) => (/\.9\.9\.9\.list/.test(name) ? { a: [code] } : soundList(name));
    expect(await guard.check(LISTED)).toEqual({ verdict: "listed", zone: "list.test", code });
  });

  test("SERVFAIL, REFUSED, NXDOMAIN, NODATA and silence are told apart", async () => {
    const { guard } = await site();
    await guard.sync();
    const replies = [{ rcode: 2 }, { rcode: 5 }, { rcode: 3 }, { a: [] }] as const;
    for (const [index, reply] of replies.entries()) {
      server.answer = () => reply;
      await guard.check(`8.8.4.${index}`);
    }
    expect(guard.status().zones[0]).toMatchObject({ clean: 2, errors: { servfail: 1, refused: 1 } });
  });

  test("codes narrow a zone; what does not count is clean", async () => {
    const { guard } = await site({ codes: { "list.test": ["127.0.0.2", "127.0.0.6-127.0.0.9"] } });
    expect(await guard.check(LISTED)).toEqual({ verdict: "clean" });
    server.answer = (name) =>
      /\.9\.9\.9\.list/.test(name) ? { a: ["127.0.0.4", "127.0.0.7"] } : soundList(name);
    expect(await guard.check("9.9.9.8")).toMatchObject({ verdict: "listed", code: "127.0.0.7" });
  });

  test("a quorum of two wants two zones; with one of them failing nobody knows", async () => {
    const { guard } = await site({ list: "list.test other.test", quorum: 2 });
    server.answer = (name) => {
      if (name.startsWith("9.9.9.9.")) return { a: ["127.0.0.2"] };
      if (name === "8.9.9.9.list.test") return { a: ["127.0.0.2"] };
      if (name === "7.9.9.9.list.test") return { a: ["127.0.0.2"] };
      return name === "7.9.9.9.other.test" ? { rcode: 2 } : soundList(name);
    };
    expect(await guard.check("9.9.9.9")).toMatchObject({ verdict: "listed" });
    expect(await guard.check("9.9.9.8")).toEqual({ verdict: "clean" });
    expect(await guard.check("9.9.9.7")).toEqual({ verdict: "error", zone: "other.test", code: "servfail" });
  });

  test("the first listing decides; the other zones are not waited for", async () => {
    const { guard, status } = await site({ list: "list.test other.test" });
    server.answer = (name) =>
      name.endsWith("other.test") && !/\.127\.other/.test(name) ? "silence" : list(name);
    expect(await status(LISTED)).toBe(403);
    // The silent zone is still being waited for.
    expect(guard.status()).toMatchObject({ inFlight: 1, zones: [{ listed: 1 }, { errors: {} }] });
  });
});

describe("keeping", () => {
  test("a known client costs no question and no promise; listed and clean last a day, errors a minute", async () => {
    const { guard, status, clock } = await site({ ban: false });
    await status(VISITOR);
    await status(LISTED);
    expect(lookups()).toHaveLength(2);
    for (let i = 0; i < 3; i++) expect([await status(VISITOR), await status(LISTED)]).toEqual([200, 403]);
    expect(lookups()).toHaveLength(2);
    server.answer = (name) => (/\.1\.1\.1\./.test(name) ? { rcode: 2 } : list(name));
    await guard.check("1.1.1.1");
    clock.advance(59);
    await guard.check("1.1.1.1");
    expect(lookups()).toHaveLength(3);
    clock.advance(2);
    await guard.check("1.1.1.1");
    expect(lookups()).toHaveLength(4);
    clock.advance(86_400);
    await guard.check(VISITOR);
    expect(lookups()).toHaveLength(5);
  });

  test("one instance's answer serves the others, for the same zones and codes only", async () => {
    const { store, guard } = await site();
    await guard.check(LISTED);
    await guard.check(VISITOR);
    const other = await site({ store });
    expect(await other.guard.check(LISTED)).toEqual({
      verdict: "listed",
      zone: "list.test",
      code: "127.0.0.4",
    });
    expect(await other.guard.check(VISITOR)).toEqual({ verdict: "clean" });
    expect(lookups()).toHaveLength(2);
    const stricter = await site({ store, codes: { "list.test": ["127.0.0.2"] } });
    expect(await stricter.guard.check(LISTED)).toEqual({ verdict: "clean" });
  });

  test("what is ignored is kept for the other instances, too", async () => {
    const { store, status } = await site({ ignoreIp: LISTED });
    expect(await status(LISTED)).toBe(200);
    const other = await site({ store });
    expect(await other.guard.check(LISTED)).toEqual({ verdict: "skipped" });
    expect(lookups()).toEqual([]);
  });

  test("requests of one client that come at once share one look-up", async () => {
    const { status } = await site();
    server.delay = 30;
    expect(await Promise.all(Array.from({ length: 10 }, () => status(VISITOR)))).toEqual(Array(10).fill(200));
    expect(lookups()).toHaveLength(1);
  });

  test("a store that fails does not stop look-ups", async () => {
    const clock = new Clock();
    const store = new MemoryStore({ now: clock.now });
    const get = store.get.bind(store);
    store.get = (key) => {
      if (key.startsWith("cache:")) throw new Error("down");
      return get(key);
    };
    const { status, events } = await site({ store });
    expect([await status(LISTED), await status(VISITOR)]).toEqual([403, 200]);
    expect(events.filter(({ reason }) => reason === "store")).toHaveLength(2);
  });

  test("R33 more look-ups than the cap pass and are counted; one IPv6 prefix cannot take them all", async () => {
    const { guard, status } = await site({ maxLookups: 2 });
    await guard.sync();
    server.delay = 50;
    const statuses = await Promise.all(["9.9.9.1", "9.9.9.2", "9.9.9.3", "9.9.9.4"].map((ip) => status(ip)));
    expect(statuses.filter((one) => one === 200)).toHaveLength(2);
    expect(guard.status()).toMatchObject({ shed: 2, inFlight: 0 });

    const other = await site({ list: "list6.test" });
    server.answer = (name) =>
      name.includes(".2.0.0.0.0.0.f.7.f.f.f.f") || name.startsWith("2.0.0.0.0.0.f.7")
        ? { a: ["127.0.0.2"] }
        : soundList(name);
    server.delay = 0;
    await other.guard.sync();
    server.delay = 50;
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => other.guard.check(`2a00:1234::${index.toString(16)}`)),
    );
    expect(other.guard.status().shed).toBe(12);
  });
});

describe("waiting", () => {
  test("a first request is held up to the timeout, passes, and the answer serves the next", async () => {
    const { guard, status, events } = await site({ timeout: 40 });
    await guard.sync();
    server.delay = 150;
    expect(await status(LISTED)).toBe(200);
    expect(guard.status().late).toBe(1);
    await until(() => types(events).includes("banned"));
    expect(await status(LISTED)).toBe(403);
  });

  test("wait: false never holds; the answer serves the next request", async () => {
    const { guard, status, events } = await site({ wait: false });
    await guard.sync();
    expect(await status(LISTED)).toBe(200);
    await until(() => types(events).includes("banned"));
    expect(await status(LISTED)).toBe(403);
    expect(guard.status().late).toBe(0);
  });
});

describe("bans", () => {
  test("banTime, scope and service are the ban's; the exact IPv6 address is banned, not its neighbours", async () => {
    const { url, guard, store, events } = await site({ banTime: 60, services: ["a.test", "b.test"] });
    server.answer = (name) => {
      if (name.startsWith("2.0.0.0.0.0.f.7.f.f.f.f.")) return { a: ["127.0.0.2"] };
      return name.startsWith("1.0.0.0.0.0.0.0.") ? { a: ["127.0.0.3"] } : soundList(name);
    };
    await guard.sync();
    const at = async (ip: string, host: string): Promise<number> =>
      (await ask(url, "/", { from: ip, headers: { Host: host } })).status;
    expect(await at("2a00:1234::1", "a.test")).toBe(403);
    expect(await at("2a00:1234::5", "a.test")).toBe(200);
    const bans = new BanList(store);
    expect(await bans.get("2a00:1234::1", "a.test")).toMatchObject({ ip: "2a00:1234::1", scope: "service" });
    expect(await bans.get("2a00:1234::1", "b.test")).toBeUndefined();
    expect(await bans.get("2a00:1234::5", "a.test")).toBeUndefined();
    expect(await at("2a00:1234::1", "b.test")).toBe(403);
    expect(await bans.get("2a00:1234::1", "b.test")).toMatchObject({ scope: "service", service: "b.test" });
    const [ban] = events;
    expect((ban?.data as { expires: Date }).expires.getTime() - (ban?.time.getTime() ?? 0)).toBe(60_000);
  });

  test("ban: false refuses as long as the verdict is kept, and bans nobody", async () => {
    const { status, store, events } = await site({ ban: false });
    expect([await status(LISTED), await status(LISTED)]).toEqual([403, 403]);
    expect(await new BanList(store).get(LISTED)).toBeUndefined();
    expect(types(events)).toEqual(["denied", "denied"]);
  });

  test("R26 unban lets the client in, though the zone still lists it, and clears its cached verdict", async () => {
    const { status, store, clock } = await site();
    expect(await status(LISTED)).toBe(403);
    expect(await new BanList(store).remove(LISTED)).toBe(true);
    expect([await status(LISTED), await status(LISTED)]).toEqual([200, 200]);
    expect(lookups()).toHaveLength(2);
    expect(await new BanList(store).get(LISTED)).toBeUndefined();
    // Forgiven for as long as a ban would have lasted.
    clock.advance(86_401);
    expect(await status(LISTED)).toBe(403);
  });

  test("R26 unbanning a range lets in whom it covers, on the other instances too", async () => {
    const { status, store, clock } = await site();
    // Another instance: the same keys, but a events and an index of its own.
    const twin = Object.create(store) as MemoryStore;
    const other = await site({ store: twin, now: clock.now });
    expect([await status("9.9.9.1"), await other.status("9.9.9.2")]).toEqual([403, 403]);
    const bans = new BanList(store);
    await bans.remove("9.9.9.1");
    await bans.remove("9.9.9.2");
    expect([await status("9.9.9.1"), await other.status("9.9.9.2")]).toEqual([200, 200]);
    await bans.add("9.9.9.0/24", { ttl: 60 });
    await bans.remove("9.9.9.0/24");
    expect([await status("9.9.9.3"), await other.status("9.9.9.4"), await status("9.9.9.1")]).toEqual([
      200, 200, 200,
    ]);
  });

  test("R31 one IPv6 prefix fills neither the store nor this process", async () => {
    const { guard, store } = await site();
    server.answer = (name) =>
      name.startsWith("2.0.0.0.0.0.f.7.f.f.f.f.") ? { a: ["127.0.0.2"] } : soundList(name);
    await guard.sync();
    for (let index = 1; index <= 300; index++) await guard.check(`2a00:1234::${index.toString(16)}`);
    let kept = 0;
    for await (const key of store.keys("cache")) kept += key.includes("|dnsbl|") ? 1 : 0;
    expect(kept).toBeLessThanOrEqual(64);
    expect(guard.status().remembered).toBe(1);
  });

  test("R27 detect answers nothing and bans nobody, but tells", async () => {
    const { status, store, events } = await site({ mode: "detect" });
    expect([await status(LISTED), await status(LISTED)]).toEqual([200, 200]);
    expect(types(events)).toEqual(["banned", "denied", "denied"]);
    expect(events.every(({ mode }) => mode === "detect")).toBe(true);
    expect(await new BanList(store).get(LISTED)).toBeUndefined();
  });

  test("txt: the zone's reason is fetched in the background, without control characters", async () => {
    const resolver = {
      resolve4: (name: string) =>
        /^(2\.0\.0\.127|9\.9\.9\.9)\./.test(name)
          ? Promise.resolve(["127.0.0.2"])
          : Promise.reject(Object.assign(new Error("none"), { code: "ENOTFOUND" })),
      resolve6: () => Promise.resolve([]),
      resolveTxt: () => Promise.resolve([["spam\r\nsource \u001b[31m", "seen"]]),
      reverse: () => Promise.resolve([]),
    };
    const { status, events } = await site({ resolver, txt: true, ban: false });
    await status(LISTED);
    await status(LISTED);
    expect(events.at(-1)?.data).toEqual({
      zone: "list.test",
      code: "127.0.0.2",
      txt: "spam?source ?[31mseen",
    });
  });

  test('action: "challenge" needs a gate', () => {
    expect(() => dnsbl({ action: "challenge", logger: false })).toThrow(
      /action.*allowed: "deny", unless there is a gate/s,
    );
  });
});

describe("options", () => {
  test.each([
    [{ list: "" }, /list/],
    [{ list: ["not a zone"] }, /list\[0\]/],
    [{ quorum: 4 }, /quorum.*at most 3/s],
    [{ codes: { "zen.spamhaus.org": "all" } }, /codes\.zen\.spamhaus\.org/],
    [{ codes: { "sbl.spamhaus.org": ["127.0.0.1"] } }, /codes\.sbl\.spamhaus\.org/],
    [{ codes: { "sbl.spamhaus.org": ["127.255.255.254"] } }, /codes/],
    [{ ignoreIpUrls: "ftp://lists.test/a" }, /ignoreIpUrls\[0\]/],
    [{ resolver: { servers: ["dns.test"] } }, /resolver/],
    [{ cacheTtl: { lsited: 1 } }, /did you mean "listed"/],
    [{ timout: 1 }, /did you mean "timeout"/],
  ])("%j is an error at start", (options, message) => {
    expect(() => dnsbl({ logger: false, ...(options as object) })).toThrow(message);
  });

  test("R37 a line at start says which zones hear of visitors; another that home users do not count", async () => {
    const { lines } = await site({ list: "zen.spamhaus.org abcdefghijklmnop1234567890.zen.dq.spamhaus.net" });
    expect(lines.join("\n")).toMatch(
      /DNSBL sends visitors' addresses to zen\.spamhaus\.org, zen\.dq\.spamhaus\.net$/m,
    );
    expect(lines.join("\n")).toMatch(/home users.*codes: \{ "zen\.spamhaus\.org": "all" \}/);
    expect(lines.join("\n")).not.toContain("abcdefghijklmnop");
    const all = await site({ list: "zen.spamhaus.org", codes: { "zen.spamhaus.org": "all" } });
    expect(all.lines.join("\n")).not.toMatch(/home users/);
  });

  test("nobody is asked anything before the first request", async () => {
    const { status } = await site();
    expect(server.asked).toEqual([]);
    await status("10.0.0.1");
    await until(() => server.asked.length >= 4);
    expect(lookups()).toEqual([]);
  });
});
