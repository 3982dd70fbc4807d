import { bunker } from "../../src/index.js";
import { EventBus } from "../../src/events/event-bus.js";
import { engineOf, type Engine } from "../../src/engine/engine.js";
import { History, openHistory } from "../../src/history/index.js";
import { Meter } from "../../src/meter.js";
import { MemoryStore } from "../../src/store/index.js";
import { StoreScope } from "../../src/store/store-scope.js";
import { Jar } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { site } from "../support/site.js";
import { openChallenge, post, solve, workOf } from "../support/work.js";
import { event, record, refuse, type Recording } from "./recording.js";
import { TallyClient, TallyServer } from "./tally-store.js";

const HOUR = 3600;
const DAY = 24 * HOUR;

describe("counts of a real site", () => {
  test("equal what visitors and attackers did", async () => {
    const histories: History[] = [];
    const served = await site(
      (shared) => {
        const scope = StoreScope.of(shared.store);
        const parts = {
          store: shared.store,
          events: scope.get(EventBus),
          meter: scope.get(Meter),
          now: shared.now,
        };
        histories.push(new History(parts));
        return bunker({
          ...shared,
          bunkernet: false,
          allow: "8.8.0.1",
          badBehavior: { threshold: 4 },
          antibot: { challenge: "javascript" },
          sessions: { secret: "a secret of the tests" },
          service: "shop.example.com",
        });
      },
      { behind: (req, res) => void ((res.statusCode = req.url === "/missing" ? 404 : 200), res.end()) },
    );
    const [history] = histories as [History];
    const { url, clock, guard } = served;
    const jar = new Jar();
    const page = await openChallenge(url, "/", jar, { from: "8.8.4.4" });
    const work = workOf(page.text);
    const wrong = await post(url, work.action, { state: work.state, challenge: "wrong" }, jar, {
      from: "8.8.4.4",
    });
    expect(wrong.status).toBe(403);
    const again = workOf((await openChallenge(url, "/", jar, { from: "8.8.4.4" })).text);
    clock.advance(4);
    const solved = await post(url, again.action, { state: again.state, challenge: solve(again) }, jar, {
      from: "8.8.4.4",
    });
    jar.take(solved);
    expect(solved.status).toBeLessThan(400);
    for (let count = 0; count < 3; count++)
      await served.status("8.8.4.4", "/missing", { headers: jar.header });
    expect(await served.status("8.8.4.4", "/", { headers: jar.header })).toBe(403);
    expect(await served.status("8.8.0.1", "/")).toBe(200);
    await guard.bans.remove("8.8.4.4");
    const { now, points, shared } = await history.counts("1h");
    expect(shared).toBe(false);
    expect(points).toHaveLength(60);
    expect(points.reduce((sum, point) => sum + point.requests, 0)).toBe(now.requests);
    expect(now).toMatchObject({
      denied: 1,
      solved: 1,
      failed: 1,
      banned: 1,
      unbanned: 1,
      excused: 1,
      faults: 0,
      badResponses: 4,
      excusedBy: [{ labels: { why: "allow" }, count: 1 }],
      deniedBy: [{ labels: { protection: "bans", reason: "bad behavior" }, count: 1 }],
      bannedBy: [{ labels: { reason: "bad behavior" }, count: 1 }],
      solvedBy: [{ labels: { kind: "javascript" }, count: 1 }],
    });
    expect(now.medianSolveTime).toBeGreaterThan(2.5);
    expect(now.medianSolveTime).toBeLessThan(4.5);
    expect(now.services).toMatchObject([{ service: "shop.example.com", denied: 1, solved: 1, banned: 1 }]);
    expect(now.services[0]?.requests).toBe(now.requests);
    const { statuses, addresses, paths } = await history.top("1h");
    expect(statuses).toEqual(expect.arrayContaining([{ item: "404", count: 3, error: 0 }]));
    expect(addresses[0]).toMatchObject({ item: "8.8.4.4" });
    expect(paths[0]).toMatchObject({ item: "/missing", count: 3 });
    const { events } = await history.events({ ip: "8.8.4.4" });
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["challenged", "failed", "banned", "denied", "unbanned"]),
    );
    expect(events.find(({ type }) => type === "banned")).toMatchObject({
      statuses: { 404: 3 },
      passHolder: true,
    });
    await history.close();
  });

  test("are kept once for all who open the history of a store, until the last one closes it", async () => {
    const { guard, status } = await site((shared) => bunker({ ...shared, bunkernet: false }));
    const { context } = engineOf(guard) as Engine;
    const [one, other] = [openHistory(context), openHistory(context)];
    expect(other.history).toBe(one.history);
    await status("8.8.4.4");
    await one.close();
    await one.close();
    await status("8.8.4.4");
    expect((await other.history.counts("1h")).now.requests).toBe(2);
    expect(context.meter.isRead).toBe(true);
    await other.close();
    expect(context.meter.isRead).toBe(false);
    const again = openHistory(context);
    expect(again.history).not.toBe(one.history);
    await again.close();
  });

  test("tell refusals from those that the mode set at run time has let pass", async () => {
    const { guard, status } = await site((shared) => bunker({ ...shared, bunkernet: false }));
    const opened = openHistory((engineOf(guard) as Engine).context);
    await guard.bans.add("8.8.4.4", { ttl: 60 });
    expect(await status("8.8.4.4")).toBe(403);
    await guard.mode("detect");
    expect(await status("8.8.4.4")).toBe(200);
    expect((await opened.history.counts("1h")).now).toMatchObject({ requests: 2, denied: 1, wouldDeny: 1 });
    await opened.close();
  });

  test("cost nothing unless a history is started, and nothing after it was closed", async () => {
    const meter = new Meter();
    const events = new EventBus();
    const history = new History({ store: new MemoryStore(), events, meter, now: Date.now });
    expect([meter.isRead, events.hears("denied"), events.hears("banned")]).toEqual([true, false, true]);
    await history.close();
    await history.close();
    expect([meter.isRead, events.hears("banned"), events.hears("fault")]).toEqual([false, false, false]);
  });
});

describe("periods", () => {
  test("each range has its buckets, and the period before it to compare", async () => {
    const one = record();
    const { clock, history } = one;
    refuse(one, "8.8.4.4");
    clock.advance(45 * DAY);
    await history.flush();
    for (let days = 0; days < 15; days++) {
      refuse(one, "8.8.4.4");
      clock.advance(DAY);
      await history.flush();
    }
    refuse(one, "8.8.4.4");
    const counts = async (range: "1h" | "24h" | "7d" | "30d") => {
      const { points, now, before, step } = await history.counts(range);
      return [points.length, step, now.denied, before?.denied];
    };
    expect(await counts("1h")).toEqual([60, 60_000, 1, undefined]);
    expect(await counts("24h")).toEqual([96, 900_000, 1, 1]);
    expect(await counts("7d")).toEqual([168, 3_600_000, 7, 7]);
    expect(await counts("30d")).toEqual([720, 3_600_000, 16, 1]);
    clock.advance(20 * DAY);
    await history.flush();
    expect(await counts("30d")).toEqual([720, 3_600_000, 10, 5]);
    expect(await counts("7d")).toEqual([168, 3_600_000, 0, undefined]);
  });

  test("what detect mode has let pass is counted apart", async () => {
    const { meter, events, history } = record();
    const place = { service: "default", mode: "detect" } as const;
    const request = { ip: "8.8.4.4", id: "x", method: "GET", path: { path: "/" } };
    meter.refused("denied", { protection: "dnsbl", reason: "dnsbl", data: {} }, place, request);
    const data = { kind: "captcha" };
    meter.refused("challenged", { protection: "antibot", reason: "no pass", data }, place, request);
    events.emit(event({ type: "banned", reason: "bad behavior", mode: "detect" }));
    expect((await history.counts("1h")).now).toMatchObject({
      denied: 0,
      challenged: 0,
      banned: 0,
      wouldDeny: 1,
      wouldChallenge: 1,
      wouldBan: 1,
      wouldChallengeBy: [{ labels: { kind: "captcha", reason: "no pass" }, count: 1 }],
    });
  });

  test("the top lists are those of the last hour and of the last day", async () => {
    const one = record();
    const { clock, history } = one;
    for (let count = 0; count < 3; count++) refuse(one, "8.8.4.4", { path: "/old" });
    await history.flush();
    clock.advance(3 * HOUR);
    refuse(one, "8.8.4.5", { path: "/new" });
    expect((await history.top("1h")).paths.map(({ item }) => item)).toEqual(["/new"]);
    expect((await history.top("24h")).paths.map(({ item }) => item)).toEqual(["/old", "/new"]);
    clock.advance(30 * HOUR);
    await history.flush();
    expect((await history.top("24h")).paths).toEqual([]);
  });
});

describe("a store that is away", () => {
  test("the history goes on with what this instance knows, and adds it once the store is back", async () => {
    const clock = new Clock();
    const server = new TallyServer(clock.now);
    const stores = [new TallyClient(server), new TallyClient(server)] as const;
    const [one, other] = stores.map((store) => record({ store }, clock)) as [Recording, Recording];
    refuse(one, "8.8.4.4");
    refuse(other, "8.8.4.5");
    await other.history.flush();
    expect((await one.history.counts("1h")).now.denied).toBe(2);
    stores[0].problem = "Redis is away";
    for (let minute = 0; minute < 30; minute++) {
      refuse(one, "8.8.4.4");
      clock.advance(60);
      await one.history.flush();
    }
    const away = await one.history.counts("1h");
    expect([away.problem, away.now.denied]).toEqual(["Redis is away", 32]);
    expect((await other.history.counts("1h")).now.denied).toBe(2);
    stores[0].problem = undefined;
    await one.history.flush();
    for (const { history } of [one, other]) {
      const back = await history.counts("1h");
      expect([back.problem, back.now.denied, back.shared]).toEqual([undefined, 32, true]);
    }
    expect(one.history.status()).toMatchObject({ problem: undefined, lost: 0 });
  });

  test("what may have been added is given up when it can no longer be repeated safely, and never added twice", async () => {
    const clock = new Clock();
    const server = new TallyServer(clock.now);
    const store = new TallyClient(server);
    const one = record({ store }, clock);
    refuse(one, "8.8.4.4");
    store.fate = () => "unanswered";
    await one.history.flush();
    store.fate = () => "done";
    store.problem = "Redis is away";
    clock.advance(2 * HOUR);
    refuse(one, "8.8.4.4");
    await one.history.flush();
    store.problem = undefined;
    expect((await one.history.counts("24h")).now.denied).toBe(2);
  });
});
