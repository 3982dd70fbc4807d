/** The first pause, in seconds; doubled with each consecutive failure. */
const FIRST_PAUSE = 30;
/** The maximum, unless the server asks for more. */
const MAX_OWN_PAUSE = 3600;
/** The absolute maximum, also after a jump of the clock. */
const MAX_PAUSE = 86_400;

/** Decides when a failed call may be retried: with growing pauses, which differ between instances. */
export class BackOff {
  private failures = 0;
  private next = 0;

  /** @param now the clock, in ms */
  constructor(private readonly now: () => number) {}

  /** Whether a try is allowed now. */
  get isOver(): boolean {
    const left = this.next - this.now();
    return left <= 0 || left > MAX_PAUSE * 1000;
  }

  /** Notes a failure. `atLeast` = the pause that the server asked for, in seconds. */
  failed(atLeast = 0): void {
    const pause =
      Math.min(MAX_OWN_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.failures++, 16)) * (0.5 + Math.random() / 2);
    this.next = this.now() + Math.min(MAX_PAUSE, Math.max(pause, atLeast * (1 + Math.random() / 10))) * 1000;
  }

  /** Notes a success. */
  succeeded(): void {
    this.failures = 0;
    this.next = 0;
  }
}
