import type { WarningDetails } from "../events/active-warnings.js";
import { HOUR_MS } from "../events/active-warnings.js";
import type { EventBus } from "../events/event-bus.js";

/** How long a sign is in force after it was last seen, in ms. */
const LASTS_MS = 1_800_000;

/** How the traffic of an alarm and of a notice is told: once an hour, and over half an hour after it was last seen. */
export const ALARM = { level: "alarm", lasts: LASTS_MS, again: HOUR_MS } as const satisfies WarningDetails;
export const NOTICE = { ...ALARM, level: "notice" } as const satisfies WarningDetails;

/** What a sign works with. */
export interface SignContext {
  readonly events: EventBus;
  /** The clock, in ms. */
  readonly now: () => number;
}
