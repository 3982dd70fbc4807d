import type { Warning } from "../api.js";
import type { Watched } from "../watched.js";

/** Returns what an operator should look at, the most urgent first. */
export function warningsOf({ engine }: Watched): readonly Warning[] {
  return engine.events.activeWarnings;
}
