import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AddressDetails, Overview, Protections, Reference, Settings } from "../../src/dashboard/api.js";
import { loadSettings } from "../../src/settings/index.js";
import { Clock } from "../support/clock.js";
import { dashboardSite } from "./site.js";

const SECRET = "a secret of at least sixteen characters";

describe("the overview", () => {
  it("tells the counts of the range, the period before, health and mode", async () => {
    const clock = new Clock();
    const { operate, status, guard } = await dashboardSite({ badBehavior: { threshold: 3 } }, { clock });
    await status("81.2.69.1");
    for (let n = 0; n < 5; n++) await status("81.2.69.2", "/missing");
    const got = (await operate("/api/overview?range=1h")).json as unknown as Overview;
    expect(got.counts.now).toMatchObject({ requests: 6, denied: 2, banned: 1, badResponses: 3 });
    expect(got.counts.points).toHaveLength(60);
    expect(got.now).toMatchObject({ bans: 1, ok: true, mode: { mode: "block", configured: "block" } });
    expect(got.health.map(({ name }) => name)).toContain("bad-behavior");
    expect(got.shared).toBe(false);
    await guard.mode("detect", { for: 60 });
    const { now } = (await operate("/api/overview")).json as unknown as Overview;
    expect(now.mode).toEqual({ mode: "detect", configured: "block", until: clock.now() + 60_000 });
  });

  it("shows the warnings in force, alarms first", async () => {
    const clock = new Clock();
    const { operate, guard } = await dashboardSite({}, { clock });
    guard.events.warn("WRN_BUNKER_TEST", "look");
    guard.events.warn("WRN_BUNKER_TEST", "act", "/feed", {
      level: "alarm",
      advice: "allow: []",
      lasts: 60_000,
    });
    const first = (await operate("/api/overview")).json as unknown as Overview;
    const [since, last, count] = [clock.now(), clock.now(), 1];
    const code = "WRN_BUNKER_TEST";
    expect(first.warnings).toEqual([
      { code, about: "/feed", message: "act", advice: "allow: []", level: "alarm", since, last, count },
      { code, about: "", message: "look", level: "notice", since, last, count },
    ]);
    expect(first.now).toMatchObject({ alarms: 1, notices: 1 });
    clock.advance(60);
    expect(((await operate("/api/overview")).json as unknown as Overview).warnings).toHaveLength(1);
  });
});

describe("steering", () => {
  it("sets the mode for a time, and back", async () => {
    const clock = new Clock();
    const { act, guard, status } = await dashboardSite({}, { clock });
    await guard.bans.add("81.2.69.1");
    const set = await act("POST", "/api/mode", { mode: "detect", for: 900 });
    expect(set.json).toEqual({ mode: "detect", configured: "block", until: clock.now() + 900_000 });
    expect(await status("81.2.69.1")).toBe(200);
    clock.advance(901);
    expect(await status("81.2.69.1")).toBe(403);
    await act("POST", "/api/mode", { mode: "detect" });
    expect((await act("POST", "/api/mode", { mode: "configured" })).json).toEqual({
      mode: "block",
      configured: "block",
    });
    const wrong = await act("POST", "/api/mode", { mode: "configured", for: 60 });
    expect(wrong.json).toMatchObject({ error: { code: "ERR_BUNKER_OPTIONS", field: "for" } });
  });
});

describe("the protections", () => {
  it("tells what each has done, and nothing of those that are off", async () => {
    const { operate, status } = await dashboardSite({
      badBehavior: { threshold: 3 },
      antibot: { challenge: "cookie", ignoreUri: ["^/open"] },
      sessions: { secret: SECRET },
    });
    await status("81.2.69.1");
    for (let n = 0; n < 5; n++)
      await status("81.2.69.2", "/open/../missing", { headers: { accept: "text/html" } });
    await status("81.2.69.3", "/open");
    const got = (await operate("/api/protections?range=1h")).json as unknown as Protections;
    expect(got.antibot).toMatchObject({ challenge: "cookie" });
    expect(got.antibot?.excused).toContainEqual({
      item: expect.stringContaining("ignoreUri"),
      count: expect.any(Number),
    });
    expect(got.badBehavior).toMatchObject({ banned: expect.any(Number), statuses: expect.any(Array) });
    expect(got.dnsbl).toBeUndefined();
    expect(got.bunkernet).toBeUndefined();
  });
});

describe("an address", () => {
  it("shows bans, counters, events and how a path would be judged", async () => {
    const { operate, status, guard } = await dashboardSite({ badBehavior: { threshold: 3 } });
    await status("81.2.69.2", "/missing");
    const before = (await operate("/api/addresses/81.2.69.2?path=/shop")).json as unknown as AddressDetails;
    expect(before.counters).toEqual([{ service: "", count: 1, threshold: 3 }]);
    expect(before.explanation).toMatchObject({ path: "/shop", verdict: "pass", isProxy: false });
    for (let n = 0; n < 5; n++) await status("81.2.69.2", "/missing");
    await guard.bans.add("81.2.69.0/28", { reason: "network" });
    const after = (await operate("/api/addresses/81.2.69.2")).json as unknown as AddressDetails;
    expect(after.bans.map(({ reason }) => reason).toSorted()).toEqual(["bad behavior", "network"]);
    expect(after.bans.find(({ reason }) => reason === "bad behavior")?.evidence).toMatchObject([
      { status: 404 },
      { status: 404 },
      { status: 404 },
    ]);
    expect(after.events.map(({ type }) => type)).toContain("banned");
    expect(after.explanation).toMatchObject({ verdict: "deny", by: "bans" });
    const range = (await operate(`/api/addresses/${encodeURIComponent("81.2.69.0/24")}`)).json;
    expect(range).toMatchObject({ isRange: true, bans: expect.any(Array) });
    expect((range as unknown as AddressDetails).bans).toHaveLength(2);
    expect(range["explanation"]).toBeUndefined();
  });

  it("has countries and networks where there are databases, and survives broken ones", async () => {
    const { operate, guard } = await dashboardSite({
      antibot: {
        challenge: "cookie",
        geo: {
          country: (ip) => (ip.startsWith("81.") ? "fr" : undefined),
          asn: () => {
            throw new Error("no database");
          },
        },
      },
      sessions: { secret: SECRET },
    });
    await guard.bans.add("81.2.69.2");
    const { bans } = (await operate("/api/bans")).json as unknown as { bans: object[] };
    expect(bans).toMatchObject([{ country: "FR" }]);
    expect((await operate("/api/addresses/81.2.69.2")).json).toMatchObject({ country: "FR" });
  });
});

describe("a reference id", () => {
  it("finds the refusal that a visitor saw, however it is typed", async () => {
    const { operate, guard, events, status } = await dashboardSite();
    await guard.bans.add("81.2.69.2", { reason: "scraper" });
    await status("81.2.69.2", "/shop");
    const { id = "" } = events.find(({ type }) => type === "denied") ?? {};
    expect(id).not.toBe("");
    for (const typed of [
      id,
      ` ${id} `,
      id.toLowerCase(),
      id.replaceAll("0", "o").replaceAll("1", "l"),
      `${id.slice(0, 4)}-${id.slice(4)}`,
    ]) {
      const got = (await operate(`/api/references/${encodeURIComponent(typed)}`))
        .json as unknown as Reference;
      expect(got).toMatchObject({ id, events: [{ type: "denied", path: "/shop", ip: "81.2.69.2" }] });
      expect(got.ban).toMatchObject({ reason: "scraper" });
    }
  });
});

describe("the settings", () => {
  it("shows what is in force and where it came from", async () => {
    const fromSettings = loadSettings(
      { BAD_BEHAVIOR_THRESHOLD: "7", USE_ANTIBOT: "cookie", SESSIONS_SECRET: SECRET },
      { logger: false },
    );
    const { operate } = await dashboardSite({ ...fromSettings, ipv6Subnet: 56 });
    const { groups } = (await operate("/api/settings")).json as unknown as Settings;
    const options = groups.flatMap((group) => group.options);
    const of = (name: string) => options.find((one) => one.name === name);
    expect(of("badBehavior.threshold")).toMatchObject({
      value: "7",
      from: "BAD_BEHAVIOR_THRESHOLD (the object)",
      isDefault: false,
      setting: "BAD_BEHAVIOR_THRESHOLD",
    });
    expect(of("badBehavior.banTime")).toMatchObject({ value: "86400", from: "default", isDefault: true });
    expect(of("ipv6Subnet")).toMatchObject({ value: "56", from: "options" });
    expect(of("antibot.challenge")).toMatchObject({ value: "cookie", from: "USE_ANTIBOT (the object)" });
    expect(groups.find(({ part }) => part === "dnsbl")).toMatchObject({ on: false });
    expect(groups.find(({ part }) => part === "antibot")).toMatchObject({ on: true });
  });

  it("never shows a secret", async () => {
    const secrets = [
      "first-secret-of-many-characters",
      "second-secret-of-many-chars",
      "key-of-the-webhook-x",
    ];
    const quiet = (): void => undefined;
    const logger = { info: quiet, warn: quiet, error: quiet, "x-api-key": "key-of-the-logger" };
    const { operate } = await dashboardSite({
      sessions: { secret: secrets[0] as string },
      antibot: {
        challenge: "turnstile",
        turnstile: { siteKey: "1x00000000000000000000AA", secret: secrets[1] },
      },
      dnsbl: { list: ["customerkey12345678901234.zen.dq.spamhaus.net"] },
      alerts: [{ url: "http://127.0.0.1:1/hook/token-in-the-path", secret: secrets[2] }],
      bunkernet: { server: "https://bunkernet.example/" },
      resolver: { servers: ["127.0.0.1:1"] },
      logger,
      services: {
        "shop.example": {
          antibot: { challenge: "turnstile", turnstile: { siteKey: "x", secret: "secret-of-the-service" } },
          dnsbl: { ignoreIpUrls: ["https://user:word-in-a-url@lists.example/?t=token-in-the-query"] },
        },
      },
    });
    const { text } = await operate("/api/settings");
    const more = [
      "token-in-the",
      "customerkey",
      "key-of-the-logger",
      "secret-of-the-service",
      "word-in-a-url",
    ];
    for (const secret of [...secrets, ...more]) expect(text).not.toContain(secret);
    expect(text).toContain("(hidden)");
  });

  it("forecasts what blocking would have done", async () => {
    const { operate, status, guard } = await dashboardSite({ mode: "detect", badBehavior: { threshold: 3 } });
    await guard.bans.add("81.2.69.1", { reason: "scraper" });
    await status("81.2.69.1");
    for (let n = 0; n < 3; n++) await status("81.2.69.2", "/missing");
    const { forecast } = (await operate("/api/settings")).json as unknown as Settings;
    expect(forecast).toMatchObject({ requests: 4, wouldDeny: 1, wouldBan: 1 });
    expect(forecast.denyBy).toEqual([{ protection: "bans", reason: "scraper", count: 1 }]);
    expect(forecast.banBy).toEqual([{ reason: "bad behavior", count: 1 }]);
  });
});

test("with cacheDir a restart keeps the history, when only the guard is closed", async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), "bunker-dashboard-"));
  try {
    const one = await dashboardSite({ cacheDir, badBehavior: { threshold: 3 } });
    for (let n = 0; n < 4; n++) await one.status("81.2.69.2", "/missing");
    await one.guard.close();
    const two = await dashboardSite({ cacheDir });
    const { counts } = (await two.operate("/api/overview")).json as unknown as Overview;
    expect(counts.now).toMatchObject({ requests: 4, denied: 1, banned: 1, badResponses: 3 });
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
});
