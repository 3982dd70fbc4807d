/** Between looks for expired keys, in ms. */
const REST = 5000;
/** Between two slices of one clearing, in ms. */
const PAUSE = 20;

/**
 * Calls `sweep` now and then, so that expired keys go even when nothing is written any more, and the memory that a flood
 * took comes back. `sweep` does a slice of the work and answers what there is left to do.
 */
export class Sweeper {
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  // Weak, so that a store that nobody holds any more is not kept by its timer.
  private readonly sweep: WeakRef<() => "more" | "later" | "nothing">;

  constructor(sweep: () => "more" | "later" | "nothing") {
    this.sweep = new WeakRef(sweep);
  }

  /** Says that there may be something to clear away one day. */
  wake(): void {
    if (this.timer === undefined && !this.closed) this.plan(REST);
  }

  /** Stops for good. */
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
