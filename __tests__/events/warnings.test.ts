import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { bunker, type Bunker, type BunkerEvent } from "../../src/index.js";
import { HOUR_MS } from "../../src/events/active-warnings.js";
import { site, type TestSite } from "../support/site.js";

const warned = (set: Parameters<typeof site<Bunker>>[1] = {}): Promise<TestSite<Bunker>> =>
  site((shared) => bunker({ ...shared, bunkernet: false }), { record: ["warning"], ...set });

test("a warning is logged with its advice, emitted, published and in force", async () => {
  const { guard, events, warnings, clock } = await warned();
  const published: BunkerEvent[] = [];
  const take = (event: unknown): void => void published.push(event as BunkerEvent);
  subscribe("express-bunker:warning", take);
  const advice = 'antibot: { ignoreUri: ["^/feed$"] }';
  guard.events.warn("WRN_BUNKER_TEST", "look", "/feed", { ip: "9.9.9.9", advice, level: "alarm" });
  unsubscribe("express-bunker:warning", take);
  expect(warnings).toEqual([
    `WRN_BUNKER_TEST: look: ${advice} (npx express-bunker error WRN_BUNKER_TEST) ip=9.9.9.9`,
  ]);
  const data = { message: "look", about: "/feed", advice, level: "alarm" };
  expect(events).toMatchObject([
    { type: "warning", time: new Date(clock.now()), ip: "9.9.9.9", reason: "WRN_BUNKER_TEST", data },
  ]);
  expect(published).toEqual(events);
  const at = clock.now();
  expect(guard.events.activeWarnings).toEqual([
    { code: "WRN_BUNKER_TEST", ...data, since: at, last: at, count: 1 },
  ]);
});

test("a warning is told once and counted; one that lasts ends by itself, and is told again when its hour is over", async () => {
  const { guard, events, clock } = await warned();
  const raise = (): boolean =>
    guard.events.warn("WRN_BUNKER_TEST", "seen", "x", { lasts: 60_000, again: HOUR_MS });
  const since = clock.now();
  expect([raise(), raise()]).toEqual([true, false]);
  clock.advance(59);
  expect(guard.events.activeWarnings).toMatchObject([{ since, last: since, count: 2 }]);
  clock.advance(1);
  expect(guard.events.activeWarnings).toEqual([]);
  expect(raise()).toBe(false);
  expect(guard.events.activeWarnings).toMatchObject([{ since: clock.now(), count: 1 }]);
  clock.advance(3540);
  expect(raise()).toBe(true);
  expect(events).toHaveLength(2);
  guard.events.warn("WRN_BUNKER_OTHER", "for good");
  guard.events.warn("WRN_BUNKER_OTHER", "for good");
  expect(events).toHaveLength(3);
  clock.advance(1e9);
  expect(guard.events.activeWarnings).toMatchObject([{ code: "WRN_BUNKER_OTHER", about: "", count: 2 }]);
  expect(guard.events.endWarning("WRN_BUNKER_OTHER")).toBe(true);
  expect(guard.events.activeWarnings).toEqual([]);
});

test("subjects that clients choose fill neither log nor list, and silence no other code", async () => {
  const { guard, events } = await warned();
  for (let i = 0; i < 10_000; i++) guard.events.warn("WRN_BUNKER_FLOOD", "seen", `/${i}`);
  expect(events).toHaveLength(100);
  expect(guard.events.warn("WRN_BUNKER_TEST", "real", "", { level: "alarm" })).toBe(true);
  const active = guard.events.activeWarnings;
  expect(active).toHaveLength(100);
  expect(active[0]).toMatchObject({ code: "WRN_BUNKER_TEST" });
});

test("a listener that throws at a warning is warned about once, and does not loop", async () => {
  const { guard, warnings } = await warned();
  let calls = 0;
  guard.events.on("warning", () => {
    calls++;
    throw new Error("no");
  });
  guard.events.warn("WRN_BUNKER_TEST", "one");
  guard.events.warn("WRN_BUNKER_TEST", "two", "two");
  expect(calls).toBe(3);
  expect(warnings.map((line) => line.slice(0, line.indexOf(":")))).toEqual([
    "WRN_BUNKER_TEST",
    "WRN_BUNKER_LISTENER",
    "WRN_BUNKER_TEST",
  ]);
});
