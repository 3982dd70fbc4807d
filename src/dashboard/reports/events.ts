import type { EventQuery, HistoryEventType } from "../../history/index.js";
import type { EventsPage } from "../api.js";
import { ApiError } from "../api-error.js";
import type { Watched } from "../watched.js";

const TYPES: ReadonlySet<string> = new Set<HistoryEventType>([
  "denied",
  "challenged",
  "failed",
  "banned",
  "unbanned",
  "fault",
]);

/** Returns recent events with the place of each client, newest first. */
export async function eventsPage({ history, geo }: Watched, query: EventQuery): Promise<EventsPage> {
  const { events, next } = await history.events(query);
  return {
    events: await geo.addTo(events, ({ ip }) => ip),
    ...(next === undefined ? {} : { next }),
  };
}

/** Reads kinds of events from a comma-separated text. */
export function eventTypesOf(text: string | undefined): HistoryEventType[] | undefined {
  if (text === undefined || text === "") return undefined;
  const types = text.split(",");
  const wrong = types.find((type) => !TYPES.has(type));
  if (wrong !== undefined)
    throw new ApiError(400, "bad_request", `types must be of ${[...TYPES].join(", ")}`, "types");
  return types as HistoryEventType[];
}
