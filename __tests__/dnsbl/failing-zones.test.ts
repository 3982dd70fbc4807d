import fc from "fast-check";
import type { DnsAnswer } from "../../src/dns/dns-client.js";
import { ALL_CODES, codeOf, knownZone } from "../../src/dnsbl/codes.js";
import type { DnsblOptions } from "../../src/dnsbl/index.js";
import { readZoneResponse } from "../../src/dnsbl/zone-response.js";
import type { SharedOptions } from "../../src/index.js";
import { soundList, startHostile, type HostileServer, type Reply } from "./hostile-server.js";
import { list, LISTED, startSite, types, VISITOR, type Site } from "./site.js";
import { until } from "../support/until.js";

let server: HostileServer;
const site = (options: SharedOptions & DnsblOptions = {}): Promise<Site> => startSite(server.server, options);

beforeAll(async () => {
  server = await startHostile();
});
beforeEach(() => {
  server.answer = list;
  server.delay = 0;
  server.asked.length = 0;
});
afterAll(() => server.close());

const visitors = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `45.83.${(from + index) >> 8}.${(from + index) & 255}`);

test("a zone that lists everybody from the start denies nobody, and health says so", async () => {
  server.answer = () => ({ a: ["127.0.0.2"] });
  const { guard, status, events } = await site();
  expect(await Promise.all(visitors(0, 20).map((ip) => status(ip)))).toEqual(Array(20).fill(200));
  expect(guard.health()).toEqual({
    ok: false,
    mode: "block",
    protections: {
      bans: { ok: true, problems: [] },
      dnsbl: { ok: false, problems: [expect.stringMatching(/^list\.test is suspended: lists /)] },
    },
  });
  expect(types(events)).toEqual(["fault"]);
  expect(events[0]).toMatchObject({ protection: "dnsbl", reason: "zone suspended" });
});

test("a zone that starts listing everybody between two tests denies nobody, is announced once, and returns", async () => {
  const { guard, status, events, clock, lines } = await site();
  await guard.sync();
  expect(await status(LISTED)).toBe(403);
  server.answer = () => ({ a: ["127.0.0.2"] });
  for (const ip of visitors(0, 20)) expect(await status(ip)).toBe(200);
  expect(types(events).filter((type) => type === "fault")).toHaveLength(1);
  expect(guard.health().ok).toBe(false);
  clock.advance(31);
  await guard.sync();
  expect(guard.health().ok).toBe(false);
  server.answer = list;
  await guard.sync();
  expect(guard.health().ok).toBe(true);
  expect(lines.some((line) => line.includes("list.test works again"))).toBe(true);
  expect(await status("9.9.9.8")).toBe(403);
});

test("a zone that starts to answer with Spamhaus's error code denies nobody and is suspended", async () => {
  const { guard, status, events } = await site();
  await guard.sync();
  server.answer = () => ({ a: ["127.255.255.254"] });
  expect(await status(LISTED)).toBe(200);
  await until(() => !guard.health().ok);
  expect(events[0]).toMatchObject({
    reason: "zone suspended",
    data: "list.test: self-test: error code 127.255.255.254",
  });
});

test.each<[string, (name: string) => Reply, RegExp]>([
  ["lists nobody", () => ({ rcode: 3 }), /does not list 127\.0\.0\.2/],
  ["is parked", () => ({ a: ["203.0.113.9"] }), /not a list answer 203\.0\.113\.9/],
  ["fails", () => ({ rcode: 2 }), /servfail/],
  ["refuses us", () => ({ rcode: 5 }), /refused/],
])("a zone that %s does not pass its test", async (_what, answer, problem) => {
  server.answer = answer;
  const { guard } = await site();
  await guard.sync();
  expect(guard.status().zones).toEqual([
    expect.objectContaining({ state: "suspended", problem: expect.stringMatching(problem) as string }),
  ]);
  expect(await guard.check(VISITOR)).toEqual({ verdict: "error" });
});

test("a zone that hangs holds no request beyond the timeout, is suspended, and then holds nobody", async () => {
  const { guard, status } = await site({ timeout: 50, list: "list.test other.test" });
  await guard.sync();
  server.answer = (name) => (name.endsWith("other.test") ? "silence" : list(name));
  expect(await Promise.all(visitors(0, 12).map((ip) => status(ip)))).toEqual(Array(12).fill(200));
  expect(guard.status().late).toBe(12);
  await until(() => guard.status().zones[1]?.state === "suspended");
  expect(guard.health().protections["dnsbl"]?.problems).toEqual([
    "other.test is suspended: 10 errors in a row, the last: timeout",
  ]);
  // The other zone still counts, and nobody waits for the dead one.
  expect([await status("9.9.9.7"), await status("7.7.7.7")]).toEqual([403, 200]);
  expect(guard.status().late).toBe(12);
});

test("with a zone missing, a clean verdict is kept only until that zone may be back", async () => {
  server.answer = (name) => (name.endsWith("other.test") ? { rcode: 2 } : list(name));
  const { guard, clock } = await site({ list: "list.test other.test" });
  await guard.sync();
  expect(await guard.check(VISITOR)).toEqual({ verdict: "clean" });
  server.answer = (name) => (name.startsWith("8.8.8.8.other") ? { a: ["127.0.0.2"] } : soundList(name));
  await guard.sync();
  expect(await guard.check(VISITOR)).toEqual({ verdict: "clean" });
  clock.advance(601);
  expect(await guard.check(VISITOR)).toMatchObject({ verdict: "listed", zone: "other.test" });
});

test("a zone without the IPv6 test entry is not asked about IPv6 addresses", async () => {
  const { guard } = await site();
  expect(await guard.check("2a00:1234::5")).toEqual({ verdict: "clean" });
  expect(guard.status().zones).toEqual([expect.objectContaining({ state: "good", ipv6: false, clean: 0 })]);
  expect(server.asked.filter((name) => name.includes("4.3.2.1."))).toEqual([]);
});

test("a failing zone is left alone longer each time", async () => {
  const { guard, clock } = await site();
  await guard.sync();
  const due: number[] = [];
  server.answer = () => ({ rcode: 2 });
  for (let round = 0; round < 7; round++) {
    await guard.sync();
    due.push(guard.status().zones[0]?.nextTest.getTime() ?? 0);
  }
  const waits = due.map((at) => (at - clock.now()) / 1000);
  expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600]);
});

test.each(["announce", "suspend"] as const)(
  "R25 a zone that lists a large share of all is told of (%s)",
  async (massBan) => {
    server.answer = (name) => (/\.83\.45\.list/.test(name) ? { a: ["127.0.0.4"] } : soundList(name));
    const { status, lines, guard } = await site({ massBan, ban: false });
    for (const ip of visitors(0, 12)) await status(ip);
    expect(lines.filter((line) => line.includes("WRN_BUNKER_MASS_BAN"))).toHaveLength(1);
    expect(guard.health().ok).toBe(massBan === "announce");
  },
);

describe("answers", () => {
  const found = (values: string[]): DnsAnswer<string> => ({ kind: "found", values });
  const text = (value: number): string =>
    [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join(".");

  test("a listing is exactly 127.0.0.2 to 127.255.254.255", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
        const inside = value >= codeOf("127.0.0.2") && value <= codeOf("127.255.254.255");
        expect(readZoneResponse(found([text(value)]), ALL_CODES).kind).toBe(inside ? "listed" : "error");
      }),
    );
  });

  test("no text but a strict address is a code", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        fc.pre(codeOf(value) < 0);
        expect(readZoneResponse(found(["127.0.0.2", value]), ALL_CODES).kind).toBe("error");
      }),
    );
    for (const wrong of ["127.0.0", "127.0.0.256", "127.0.0.2 ", "::1", "127.0.0.2.3"])
      expect(codeOf(wrong)).toBe(-1);
  });

  test.each([
    [
      "zen.spamhaus.org",
      ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.7", "127.0.0.9"],
      ["127.0.0.10", "127.0.0.11"],
    ],
    ["key1234567890abcdefghij.zen.dq.spamhaus.net", ["127.0.0.2"], ["127.0.0.10", "127.0.0.11"]],
    ["sbl.spamhaus.org", ["127.0.0.2", "127.0.0.3", "127.0.0.9"], ["127.0.0.4", "127.0.0.10"]],
    ["xbl.spamhaus.org", ["127.0.0.4", "127.0.0.7"], ["127.0.0.2", "127.0.0.10"]],
    ["pbl.spamhaus.org", [], ["127.0.0.10", "127.0.0.11"]],
    ["bl.blocklist.de", ["127.0.0.2", "127.0.0.21"], ["127.0.1.2"]],
  ])("%s: what counts by default and what does not", (zone, counts, doesNot) => {
    const codes = knownZone(zone)?.codes ?? [];
    for (const code of counts)
      expect(readZoneResponse(found([code]), codes)).toEqual({ kind: "listed", code });
    for (const code of doesNot)
      expect(readZoneResponse(found([code]), codes)).toEqual({ kind: "clean", why: "code", code });
  });
});
