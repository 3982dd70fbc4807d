import { EventBus, type BunkerEvent } from "../../src/events/event-bus.js";
import { History, type HistoryParts } from "../../src/history/index.js";
import { Meter } from "../../src/meter.js";
import { MemoryStore } from "../../src/store/index.js";
import { Clock } from "../support/clock.js";

/** A history with what tells it of requests, and a clock that only the test moves. */
export interface Recording {
  readonly history: History;
  readonly events: EventBus;
  readonly meter: Meter;
  readonly clock: Clock;
}

const open: History[] = [];

/** Closes all histories of a test. It is called after each one. */
export async function closeHistories(): Promise<void> {
  for (const history of open.splice(0)) await history.close();
}

afterEach(closeHistories);

/** Starts a history, by default of a store in memory. It is closed after the test. */
export function record(parts: Partial<HistoryParts> = {}, clock = new Clock()): Recording {
  const events = new EventBus();
  const meter = new Meter();
  const store = new MemoryStore({ now: clock.now });
  const history = new History({ store, events, meter, now: clock.now, ...parts });
  open.push(history);
  return { history, events, meter, clock };
}

/** An event with the given fields. */
export function event(fields: Partial<BunkerEvent> & Pick<BunkerEvent, "type">): BunkerEvent {
  return {
    time: new Date(0),
    id: "",
    ip: "",
    service: "default",
    protection: "antibot",
    reason: "reason",
    data: {},
    mode: "block",
    ...fields,
  };
}

const PLACE = { service: "default", mode: "block" } as const;

/** Tells the history of a request that was refused. */
export function refuse(
  { meter }: Recording,
  ip: string,
  { id = "", path = "/", protection = "bans", reason = "bad behavior" } = {},
): void {
  meter.requested("deny", "default", "block", true);
  meter.refused("denied", { protection, reason, data: {} }, PLACE, { ip, id, method: "GET", path: { path } });
}
