import { originOf, type BunkerEvent } from "../events/event-bus.js";
import type { Client } from "./client.js";
import type { RequestView } from "./request-view.js";

/** Whose request led to an event: attached to the event by `setOrigin`. */
export interface EventOrigin {
  readonly client: Client;
  readonly request: RequestView;
}

/** Whose request led to `event`; `undefined` for events that no request led to. */
export function requestOrigin(event: BunkerEvent): EventOrigin | undefined {
  return originOf(event) as EventOrigin | undefined;
}
