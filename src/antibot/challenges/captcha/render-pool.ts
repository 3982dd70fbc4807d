import { RecentMap } from "../../../recent-map.js";
import type { RenderJob } from "./render.js";
import { RenderThread } from "./render-thread.js";

/** Jobs that may wait: at 3 ms each, a tenth of a second. */
const MAX_PENDING = 32;
/** Results that are kept: reloading a page costs nothing. */
const MAX_KEPT = 64;

// One for the whole process, for any number of gates.
let shared: RenderThread | undefined;

/** Renders pictures and sounds within a budget for all clients together. */
export class RenderPool {
  private readonly results = new RecentMap<string, Promise<Buffer>>(MAX_KEPT);
  private readonly thread: RenderThread;
  /** Jobs that may start now. */
  private allowance: number;
  private refilled: number;

  constructor(
    private readonly perSecond: number,
    private readonly now: () => number,
    thread?: RenderThread,
  ) {
    this.thread = thread ?? (shared ??= new RenderThread());
    this.allowance = perSecond;
    this.refilled = now();
  }

  /** Whether a job would be refused now. */
  get isOverBudget(): boolean {
    this.refill();
    return this.allowance < 1 || this.thread.pending >= MAX_PENDING;
  }

  /** Renders a job; `undefined` = over budget. */
  render(id: string, job: RenderJob): Promise<Buffer> | undefined {
    const known = this.results.get(id);
    if (known !== undefined) return known;
    if (this.isOverBudget) return undefined;
    this.allowance -= 1;
    const bytes = this.thread.render(job);
    this.results.set(id, bytes);
    return bytes;
  }

  private refill(): void {
    const now = this.now();
    this.allowance = Math.min(
      this.perSecond,
      this.allowance + (Math.max(0, now - this.refilled) / 1000) * this.perSecond,
    );
    this.refilled = now;
  }
}
