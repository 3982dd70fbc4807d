/** Fewer banned clients than this are never a mass, however quiet the site. */
const MIN_BANNED = 10;
/** The share of all active clients that makes it one. */
const SHARE = 0.3;

/** How many clients were active and how many of them would be banned, in the window that runs. */
export class MassBanWatch {
  private windowEnds = 0;
  private active = 0;
  private banned = 0;
  private seen = new Set<string>();

  /** @param window seconds */
  constructor(private readonly window: number) {}

  /** A client was active. Beyond 100 000 clients in one window nothing could be a mass by mistake, so counting stops there. */
  saw(key: string, now: number): void {
    if (now >= this.windowEnds) {
      this.windowEnds = now + this.window * 1000;
      this.active = 0;
      this.banned = 0;
      this.seen = new Set();
    }
    if (this.seen.size >= 100_000 || this.seen.has(key)) return;
    this.seen.add(key);
    this.active++;
  }

  /** A client earned a ban; answers whether that makes a large share of all. */
  wouldBan(): { mass: boolean; active: number; banned: number } {
    this.banned++;
    const { active, banned } = this;
    return { mass: banned >= MIN_BANNED && banned >= active * SHARE, active, banned };
  }
}
