import { RecentMap } from "../../../recent-map.js";
import type { RenderJob } from "./render.js";
import { RenderThread } from "./render-thread.js";

/** Orders that may wait; at 3 ms each this is a tenth of a second. */
const MOST_PENDING = 32;
/** Finished pieces that are kept: who reloads a page costs nothing. */
const KEPT = 64;

// One for the whole process, however many gates there are.
let shared: RenderThread | undefined;

/** Makes pictures and sounds within a budget for everybody together (R32). */
export class RenderPool {
  private readonly done = new RecentMap<string, Promise<Buffer>>(KEPT);
  private readonly thread: RenderThread;
  private left: number;
  private counted: number;

  constructor(
    private readonly perSecond: number,
    private readonly now: () => number,
    thread?: RenderThread,
  ) {
    this.thread = thread ?? (shared ??= new RenderThread());
    this.left = perSecond;
    this.counted = now();
  }

  /** Whether an order would be refused now. */
  get isBusy(): boolean {
    this.refill();
    return this.left < 1 || this.thread.pending >= MOST_PENDING;
  }

  /** The bytes of an order; `undefined` = over budget. */
  render(id: string, order: RenderJob): Promise<Buffer> | undefined {
    const known = this.done.get(id);
    if (known !== undefined) return known;
    if (this.isBusy) return undefined;
    this.left -= 1;
    const bytes = this.thread.render(order);
    this.done.set(id, bytes);
    return bytes;
  }

  private refill(): void {
    const now = this.now();
    this.left = Math.min(
      this.perSecond,
      this.left + (Math.max(0, now - this.counted) / 1000) * this.perSecond,
    );
    this.counted = now;
  }
}
