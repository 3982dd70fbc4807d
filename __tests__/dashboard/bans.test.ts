import type { BansPage, BanRow } from "../../src/dashboard/api.js";
import { Clock } from "../support/clock.js";
import { dashboardSite, type DashboardSite } from "./site.js";

const page = async (made: DashboardSite, query = ""): Promise<BansPage> =>
  (await made.operate(`/api/bans${query}`)).json as unknown as BansPage;

describe("bans on the dashboard", () => {
  it("adds, extends, keeps for good and lifts a ban", async () => {
    const clock = new Clock();
    const made = await dashboardSite({}, { clock });
    const { act, guard, status, events } = made;
    const added = await act("POST", "/api/bans", { address: "81.2.69.9", ttl: 600, reason: "scraper" });
    expect(added.status).toBe(201);
    expect(added.json).toEqual({
      address: "81.2.69.9",
      scope: "global",
      service: "unknown",
      reason: "scraper",
      action: "deny",
      date: clock.now(),
      expires: clock.now() + 600_000,
      kind: "single",
    });
    expect(await status("81.2.69.9")).toBe(403);
    expect(events.at(0)).toMatchObject({ type: "banned", protection: "operator", reason: "scraper" });
    const extended = await act("PATCH", "/api/bans/81.2.69.9", { ttl: 7200 });
    expect(extended.json).toMatchObject({ reason: "scraper", expires: clock.now() + 7_200_000 });
    clock.advance(700);
    expect(await status("81.2.69.9")).toBe(403);
    expect((await act("PATCH", "/api/bans/81.2.69.9", { ttl: 0 })).json).toMatchObject({ expires: null });
    expect((await act("DELETE", "/api/bans/81.2.69.9")).json).toEqual({ removed: true });
    expect(await status("81.2.69.9")).toBe(200);
    expect((await act("DELETE", "/api/bans/81.2.69.9")).json).toEqual({ removed: false });
    expect((await act("PATCH", "/api/bans/81.2.69.9", { ttl: 60 })).status).toBe(404);
    expect(await guard.bans.list()).toEqual([]);
  });

  it("keeps the evidence of a ban that is extended", async () => {
    const { act, guard } = await dashboardSite();
    await guard.bans.add("81.2.69.9", { reason: "bad behavior", data: [{ url: "/x", status: 404 }] });
    await act("PATCH", "/api/bans/81.2.69.9", { ttl: 60 });
    expect((await guard.bans.get("81.2.69.9"))?.data).toEqual([{ url: "/x", status: 404 }]);
  });

  it("bans a range and one service, and asks before a wide range", async () => {
    const made = await dashboardSite();
    const { act } = made;
    const range = await act("POST", "/api/bans", { address: "2001:db8:1::/48", ttl: 0 });
    expect(range.json).toMatchObject({ address: "2001:db8:1::/48", expires: null });
    const one = await act("POST", "/api/bans", {
      address: "192.0.2.4",
      scope: "service",
      service: "shop.example",
    });
    expect(one.json).toMatchObject({ scope: "service", service: "shop.example" });
    const wide = await act("POST", "/api/bans", { address: "0.0.0.0/4" });
    expect(wide.status).toBe(409);
    expect(wide.json).toMatchObject({ error: { code: "ERR_BUNKER_BAN_WIDE", field: "address" } });
    expect((await act("POST", "/api/bans", { address: "0.0.0.0/4", force: true })).status).toBe(201);
    const { services } = await page(made);
    expect(services).toEqual([
      { item: "", count: 2 },
      { item: "shop.example", count: 1 },
    ]);
    expect((await act("DELETE", `/api/bans/${encodeURIComponent("2001:db8:1::/48")}`)).json).toEqual({
      removed: true,
    });
    expect((await act("DELETE", "/api/bans/192.0.2.4?service=shop.example")).json).toEqual({ removed: true });
    expect((await page(made)).bans.map(({ address }) => address)).toEqual(["0.0.0.0/4"]);
  });

  it("lists them newest first, page by page, each once, while others come and go", async () => {
    const clock = new Clock();
    const made = await dashboardSite({}, { clock });
    for (let n = 0; n < 120; n++) {
      if (n % 3 === 0) clock.advance(1);
      await made.guard.bans.add(`198.51.100.${n}`, { reason: n % 2 === 0 ? "even" : "odd" });
    }
    const seen: BanRow[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < 20; pages++) {
      const got = await page(made, `?limit=25${after === undefined ? "" : `&after=${after}`}`);
      seen.push(...got.bans);
      after = got.next;
      if (after === undefined) break;
      clock.advance(1);
      await made.guard.bans.add(`81.2.69.${pages}`);
    }
    expect(seen.map(({ address }) => address).toSorted()).toEqual(
      Array.from({ length: 120 }, (_, n) => `198.51.100.${n}`).toSorted(),
    );
    expect(seen.map(({ date }) => date)).toEqual(seen.map(({ date }) => date).toSorted((a, b) => b - a));
    const { matched, total, reasons } = await page(made, "?reason=even&limit=1");
    expect([matched, total]).toEqual([60, 124]);
    expect(reasons).toEqual([
      { item: "even", count: 60 },
      { item: "odd", count: 60 },
      { item: "manual", count: 4 },
    ]);
  });

  it("finds bans by address, range, part of an address, reason and service", async () => {
    const made = await dashboardSite();
    const { bans } = made.guard;
    await bans.add("81.2.69.7", { reason: "bad behavior", service: "a.example" });
    await bans.add("81.2.69.0/28", { reason: "manual" });
    await bans.add("198.51.100.1", { reason: "dnsbl" });
    await bans.add("2001:db8::1", { reason: "dnsbl" });
    const found = async (query: string): Promise<string[]> =>
      (await page(made, query)).bans.map(({ address }) => address).toSorted();
    expect(await found("?search=81.2.69.7")).toEqual(["81.2.69.0/28", "81.2.69.7"]);
    expect(await found("?search=81.2.69.0/24")).toEqual(["81.2.69.0/28", "81.2.69.7"]);
    expect(await found("?search=198.51")).toEqual(["198.51.100.1"]);
    expect(await found("?search=2001:db8::ffff")).toEqual(["2001:db8::/64"]);
    expect(await found("?search=BEHAV")).toEqual(["81.2.69.7"]);
    expect(await found("?reason=dnsbl")).toEqual(["198.51.100.1", "2001:db8::/64"]);
    expect(await found("?service=a.example")).toEqual(["81.2.69.7"]);
    expect(await found("?search=%00%1b[31m")).toEqual([]);
  });

  it("exports them as JSON, CSV and a plain list, without formulas", async () => {
    const clock = new Clock();
    const { guard, operate } = await dashboardSite({}, { clock });
    await guard.bans.add("81.2.69.7", { reason: '=cmd|"calc"!A1, x', ttl: 0 });
    await guard.bans.add("198.51.100.1", { reason: "dnsbl", ttl: 60 });
    const json = await operate("/api/bans/export?format=json");
    expect(json.headers["content-disposition"]).toBe('attachment; filename="bans.json"');
    expect((JSON.parse(json.text) as BanRow[]).map(({ address }) => address).toSorted()).toEqual([
      "198.51.100.1",
      "81.2.69.7",
    ]);
    const csv = (await operate("/api/bans/export?format=csv")).text.split("\r\n");
    expect(csv[0]).toBe("address,scope,service,reason,action,date,expires");
    const date = new Date(clock.now()).toISOString();
    expect(csv).toContain(`81.2.69.7,global,unknown,"'=cmd|""calc""!A1, x",deny,${date},never`);
    expect((await operate("/api/bans/export?format=text")).text.split("\n").toSorted()).toEqual([
      "",
      "198.51.100.1",
      "81.2.69.7",
    ]);
    expect((await operate("/api/bans/export?format=text&reason=dnsbl")).text).toBe("198.51.100.1\n");
    expect((await operate("/api/bans/export?format=json&reason=nothing")).json).toEqual([]);
    expect((await operate("/api/bans/export?format=xml")).status).toBe(400);
  });

  it("does not send 100 000 bans to show fifty", async () => {
    const made = await dashboardSite();
    const { banIndex } = await import("../../src/engine/engine.js").then(
      ({ engineOf }) => engineOf(made.guard)?.context ?? { banIndex: undefined },
    );
    const now = Date.UTC(2026, 0, 1);
    for (let n = 0; n < 100_000; n++)
      banIndex?.put({
        ip: `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
        reason: "bad behavior",
        scope: "global",
        service: "unknown",
        date: new Date(now - n),
        expires: null,
        data: {},
        action: "deny",
      });
    const got = await made.operate("/api/bans");
    expect(got.text.length).toBeLessThan(20_000);
    expect((got.json as unknown as BansPage).bans[0]?.address).toBe("10.0.0.0");
    expect(got.json).toMatchObject({ matched: 100_000, total: 100_000 });
  });
});
