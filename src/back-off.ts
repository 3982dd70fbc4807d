/** The pauses of a {@link BackOff}, in seconds. */
export interface Pauses {
  /** The first pause; doubled with each consecutive failure. */
  readonly first: number;
  /** The longest pause, unless the server asks for more. */
  readonly maxOwn: number;
  /** The longest pause, also when the server asks for more, and after a jump of the clock. */
  readonly max: number;
  /** Whether pauses differ between instances, so that not all of them call at the same moment. */
  readonly isSpread: boolean;
}

/** Decides when a failed call may be retried: after pauses that grow with each failure. */
export class BackOff {
  private failures = 0;
  private next = 0;

  /** @param now the clock, in ms */
  constructor(
    private readonly now: () => number,
    private readonly pauses: Pauses,
  ) {}

  /** Whether a try is allowed now. */
  get isOver(): boolean {
    const left = this.next - this.now();
    return left <= 0 || left > this.pauses.max * 1000;
  }

  /** When a try is allowed again, in ms. */
  get end(): number {
    return this.next;
  }

  /** Whether the last try failed. */
  get isFailing(): boolean {
    return this.failures > 0;
  }

  /** Notes a failure. `atLeast` = the pause that the server asked for, in seconds. */
  failed(atLeast = 0): void {
    const { first, maxOwn, max, isSpread } = this.pauses;
    const [less, more] = isSpread ? [0.5 + Math.random() / 2, 1 + Math.random() / 10] : [1, 1];
    const pause = Math.min(maxOwn, first * 2 ** Math.min(this.failures++, 16)) * less;
    this.next = this.now() + Math.min(max, Math.max(pause, atLeast * more)) * 1000;
  }

  /** Notes a success. */
  succeeded(): void {
    this.failures = 0;
    this.next = 0;
  }
}
