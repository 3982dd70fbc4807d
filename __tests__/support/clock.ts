/** A clock that goes only when it is told to. */
export class Clock {
  constructor(private ms = Date.UTC(2026, 0, 1)) {}

  readonly now = (): number => this.ms;

  /** Goes on by some seconds. */
  advance(seconds: number): void {
    this.ms += seconds * 1000;
  }
}
