/** A clock that only {@link Clock.advance} moves. */
export class Clock {
  constructor(private ms = Date.UTC(2026, 0, 1)) {}

  readonly now = (): number => this.ms;

  /** Moves the clock forward. */
  advance(seconds: number): void {
    this.ms += seconds * 1000;
  }
}
