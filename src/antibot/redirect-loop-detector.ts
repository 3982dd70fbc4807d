import { RecentMap } from "../recent-map.js";

/** More redirects of one pass away from the challenge, within so many ms, are a loop. */
const MAX_REDIRECTS = 5;
const WINDOW = 10_000;

/** Detects visitors that are sent back and forth because one instance accepts their pass and another does not. */
export class RedirectLoopDetector {
  private readonly passes = new RecentMap<string, { count: number; since: number }>(4096);

  constructor(private readonly now: () => number) {}

  /** Counts one redirect of the pass with that id; returns whether it is in a loop. */
  isLoop(id: string): boolean {
    const now = this.now();
    const entry = this.passes.get(id);
    if (entry === undefined || now - entry.since > WINDOW) {
      this.passes.set(id, { count: 1, since: now });
      return false;
    }
    return ++entry.count > MAX_REDIRECTS;
  }
}
