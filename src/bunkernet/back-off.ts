/** The first pause, in seconds; doubled with each failure in a row. */
const FIRST_PAUSE = 30;
/** The longest, unless the server asks for more. */
const MAX_OWN_PAUSE = 3600;
/** No pause is longer, whatever anybody says: after a jump of the clock nothing may wait for ever. */
const MAX_PAUSE = 86_400;

/** When something that failed may be tried again: later each time, and not at the same moment on every instance. */
export class BackOff {
  private failures = 0;
  private next = 0;

  /** @param now the clock, in ms */
  constructor(private readonly now: () => number) {}

  /** Whether it may be tried now. */
  get isOver(): boolean {
    const left = this.next - this.now();
    return left <= 0 || left > MAX_PAUSE * 1000;
  }

  /** It went wrong. `atLeast` = how many seconds the server wants to be left alone. */
  failed(atLeast = 0): void {
    const pause =
      Math.min(MAX_OWN_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.failures++, 16)) * (0.5 + Math.random() / 2);
    this.next = this.now() + Math.min(MAX_PAUSE, Math.max(pause, atLeast * (1 + Math.random() / 10))) * 1000;
  }

  /** It went well. */
  succeeded(): void {
    this.failures = 0;
    this.next = 0;
  }
}
