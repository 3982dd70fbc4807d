import { RecentMap } from "../recent-map.js";

/** This many redirects of one pass away from the challenge, within so many ms, are a circle. */
const MOST = 5;
const WITHIN = 10_000;

/**
 * Notices visitors who are sent back and forth: one instance finds their pass good, another does not. A redirect more would
 * not help them.
 */
export class RedirectLoopDetector {
  private readonly seen = new RecentMap<string, { count: number; since: number }>(4096);

  /** Counts one redirect of the pass with that id; `true` = enough. */
  isLoop(id: string, now: number): boolean {
    const entry = this.seen.get(id);
    if (entry === undefined || now - entry.since > WITHIN) {
      this.seen.set(id, { count: 1, since: now });
      return false;
    }
    return ++entry.count > MOST;
  }
}
