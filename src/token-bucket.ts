/** How much a {@link TokenBucket} lets through. */
export interface TokenRate {
  /** At once. */
  readonly burst: number;
  /** In the long run. */
  readonly perSecond: number;
}

/** Lets through a burst, and then so many a second. */
export class TokenBucket {
  private tokens: number;
  private since: number;

  /** @param now the time in ms */
  constructor(
    private readonly rate: TokenRate,
    now: number,
  ) {
    this.tokens = rate.burst;
    this.since = now;
  }

  /** Returns whether one more may pass. */
  take(now: number): boolean {
    const { burst, perSecond } = this.rate;
    // A clock that goes back adds nothing.
    this.tokens = Math.min(burst, this.tokens + (Math.max(0, now - this.since) / 1000) * perSecond);
    this.since = now;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}
