/** The pause between sweeps, in ms. */
const REST = 5000;
/** The pause between two slices of one sweep, in ms. */
const PAUSE = 20;

/**
 * Calls `sweep` periodically, so that expired keys are removed even if nothing is written, and the memory that a flood took is
 * freed. `sweep` does a slice of the work and returns what is left to do.
 */
export class Sweeper {
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  // Weak, so that the timer does not keep a store alive that is no longer referenced.
  private readonly sweep: WeakRef<() => "more" | "later" | "nothing">;

  constructor(sweep: () => "more" | "later" | "nothing") {
    this.sweep = new WeakRef(sweep);
  }

  /** Starts the timer: there may be keys that will expire. */
  wake(): void {
    if (this.timer === undefined && !this.closed) this.plan(REST);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private plan(delay: number): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const left = this.sweep.deref()?.() ?? "nothing";
      if (left !== "nothing" && !this.closed) this.plan(left === "more" ? PAUSE : REST);
    }, delay);
    this.timer.unref();
  }
}
