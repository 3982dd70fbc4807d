/** The longest that a call may ever take, in ms. */
export const MAX_TIMEOUT_MS = 900;

/** So many round trips in a row above `timeout` are the way to Redis, not a hiccup. */
const LATE_ROUNDS = 3;
/** How much one reply in time makes up for a late one. */
const FORGIVEN = 0.1;
/** How the longest known round trip fades with every reply. */
const FADING = 0.98;
const HEADROOM = 1.5;

/** How long a call may take: the option `timeout`, or more while replies take longer, up to {@link MAX_TIMEOUT_MS}. */
export class CallTimeout {
  /** In ms. */
  ms: number;
  private longest = 0;
  private lateRounds = 0;
  private lastLate = -Infinity;
  private announced = false;

  /** @param raised called once, the first time that the timeout is raised, with the round trip in ms */
  constructor(
    private readonly option: number,
    private readonly raised: (roundTrip: number) => void,
  ) {
    this.ms = option;
  }

  /** A reply has arrived, in time or not, to a call sent at `sent` (by `performance.now()`). */
  replied(sent: number): void {
    const now = performance.now();
    const roundTrip = now - sent;
    this.longest *= FADING;
    if (roundTrip <= this.option) this.lateRounds = Math.max(0, this.lateRounds - FORGIVEN);
    else if (sent >= this.lastLate) {
      // All calls that are late at the same time are one round.
      this.lateRounds = Math.min(2 * LATE_ROUNDS, this.lateRounds + 1);
      this.lastLate = now;
    }
    if (roundTrip > this.option && this.lateRounds >= LATE_ROUNDS)
      this.longest = Math.max(this.longest, roundTrip);
    this.ms = Math.max(this.option, Math.min(MAX_TIMEOUT_MS, Math.round(this.longest * HEADROOM)));
    if (this.announced || this.ms === this.option) return;
    this.announced = true;
    this.raised(roundTrip);
  }
}
