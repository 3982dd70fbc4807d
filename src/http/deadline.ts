/** The time limits of one call: one for all of it and, once its body is streamed, one for each silence as well. */
export class Deadline {
  /** What went wrong, once a limit was passed. */
  problem: Error | undefined;
  private whole: NodeJS.Timeout;
  private silence: NodeJS.Timeout | undefined;
  private maxSilence: number | undefined;

  /** @param ms for the whole call */
  constructor(
    ms: number,
    private readonly onLate: (problem: Error) => void,
    private readonly problemOf: (ms: number) => Error,
  ) {
    this.whole = this.timer(ms);
  }

  /** Allows another `ms` from now, with no silence longer than `maxSilence` ms. */
  extend(ms: number, maxSilence: number): void {
    clearTimeout(this.whole);
    this.whole = this.timer(ms);
    this.maxSilence = maxSilence;
    this.resume();
  }

  /** The other side is not waited for: its silence does not count. */
  pause(): void {
    clearTimeout(this.silence);
  }

  resume(): void {
    if (this.maxSilence === undefined) return;
    clearTimeout(this.silence);
    this.silence = this.timer(this.maxSilence);
  }

  stop(): void {
    clearTimeout(this.whole);
    clearTimeout(this.silence);
  }

  private timer(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.problem ??= this.problemOf(ms);
      this.onLate(this.problem);
    }, ms).unref();
  }
}
