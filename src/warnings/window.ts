/** What is counted within a stretch of time, and then forgotten. */
export class Window<T> {
  private ends = -Infinity;
  private counted: T | undefined;

  /**
   * @param length in ms
   * @param make returns what counts from zero
   */
  constructor(
    private readonly length: number,
    private readonly make: () => T,
  ) {}

  /** Returns what counts at `now` (ms). */
  at(now: number): T {
    // A clock that goes back begins anew.
    if (this.counted === undefined || now >= this.ends || now < this.ends - this.length) {
      this.counted = this.make();
      this.ends = now + this.length;
    }
    return this.counted;
  }
}
