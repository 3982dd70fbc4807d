import { MassCount } from "../engine/mass-count.js";

/** Counts the clients that are active in the current window, and those that would be banned. */
export class MassBanWatch {
  private windowEnds = 0;
  private readonly seen = new Set<string>();
  private count = new MassCount();

  /** @param window seconds */
  constructor(private readonly window: number) {}

  /** Counts an active client. Beyond 100 000 clients in one window no mass can be a mistake, so counting stops there. */
  addActive(key: string, now: number): void {
    if (now >= this.windowEnds) {
      this.windowEnds = now + this.window * 1000;
      this.count = new MassCount();
      this.seen.clear();
    }
    if (this.seen.size >= 100_000 || this.seen.has(key)) return;
    this.seen.add(key);
    this.count.active++;
  }

  /** Counts a client that earned a ban. */
  addBanned(): MassCount {
    this.count.affected++;
    return this.count;
  }
}
