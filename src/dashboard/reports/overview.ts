import type { HistoryRange } from "../../history/index.js";
import type { LiveSample, Overview } from "../api.js";
import type { Watched } from "../watched.js";
import { healthOf } from "./health.js";
import { warningsOf } from "./warnings.js";

export async function overview(watched: Watched, range: HistoryRange, now: LiveSample): Promise<Overview> {
  const { history, engine } = watched;
  const counts = await history.counts(range);
  const problem = counts.problem ?? history.status().problem;
  return {
    counts,
    now,
    health: healthOf(engine),
    warnings: warningsOf(watched),
    shared: counts.shared,
    ...(problem === undefined ? {} : { problem }),
  };
}
