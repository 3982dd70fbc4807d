/** Challenge ids that are remembered here during a store outage, of each kind. */
const MAX_IDS = 50_000;

/** The ids of challenges that were used up during a store outage, each until its challenge ends. */
export class UsedChallenges {
  private readonly ids = new Map<string, number>();

  /** @param now the clock, in ms */
  constructor(private readonly now: () => number) {}

  has(id: string): boolean {
    const until = this.ids.get(id);
    return until !== undefined && this.now() < until;
  }

  /** Remembers an id until a time in ms; returns whether there was room. */
  add(id: string, until: number): boolean {
    if (this.ids.size >= MAX_IDS) {
      const now = this.now();
      for (const [old, expiry] of this.ids) if (now >= expiry) this.ids.delete(old);
      if (this.ids.size >= MAX_IDS) return false;
    }
    this.ids.set(id, until);
    return true;
  }
}
