import { originOf, type BunkerEvent } from "../events/event-bus.js";
import type { Client } from "./client.js";
import type { RequestView } from "./request-view.js";

/** The request that led to an event, and its client: attached to the event by `setOrigin`. */
export interface EventOrigin {
  readonly client: Client;
  readonly request: RequestView;
}

/** Returns the request that led to `event`; `undefined` if none did. */
export function requestOrigin(event: BunkerEvent): EventOrigin | undefined {
  return originOf(event) as EventOrigin | undefined;
}
