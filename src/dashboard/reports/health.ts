import type { Engine } from "../../engine/engine.js";
import type { PartHealth } from "../api.js";

/** Returns the health of every part; that of the bans tells of the store. */
export function healthOf(engine: Engine): PartHealth[] {
  return Object.entries(engine.health().protections).map(([name, { ok, problems }]) => ({
    name,
    ok,
    problems,
  }));
}
