import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { bunker, type BunkerEvent } from "../../src/index.js";
import { EVENT_TYPES } from "../../src/events/event-bus.js";
import { site } from "../support/site.js";

const ends: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Subscribes to all channels, and returns what they publish. */
function published(): BunkerEvent[] {
  const events: BunkerEvent[] = [];
  const take = (event: unknown): void => void events.push(event as BunkerEvent);
  for (const type of EVENT_TYPES) {
    subscribe(`express-bunker:${type}`, take);
    ends.push(() => unsubscribe(`express-bunker:${type}`, take));
  }
  return events;
}

test("each kind of event has a diagnostics channel, which needs no listener on the guard", async () => {
  const events = published();
  const { guard, status } = await site((shared) => bunker({ ...shared, bunkernet: false, logger: false }));
  await guard.bans.add("9.9.9.9", { reason: "manual" });
  await status("9.9.9.9", "/a?b=c");
  await guard.bans.remove("9.9.9.9");
  expect(events.map(({ type }) => type)).toEqual(["banned", "denied", "unbanned"]);
  expect(events[1]).toMatchObject({
    ip: "9.9.9.9",
    protection: "bans",
    reason: "manual",
    service: "default",
    mode: "block",
    method: "GET",
    path: "/a",
  });
});

test("a channel without subscribers gets nothing, and the bus hears nobody", async () => {
  const { guard } = await site((shared) => bunker({ ...shared, bunkernet: false, logger: false }));
  expect(guard.events.hears("denied")).toBe(false);
  const take = (): void => undefined;
  subscribe("express-bunker:denied", take);
  expect(guard.events.hears("denied")).toBe(true);
  unsubscribe("express-bunker:denied", take);
  expect(guard.events.hears("denied")).toBe(false);
});
