import { MassCount } from "../engine/mass-count.js";
import type { Zone } from "./zone.js";

/** How long one count runs, in seconds. */
const WINDOW = 600;

/** Counts, for each zone, how many of the new clients it lists: a list that went wrong lists a large share of them. */
export class MassListingWatch {
  private ends = 0;
  private counts = new Map<Zone, MassCount>();
  private readonly announced = new Set<Zone>();

  /**
   * @param now the clock, in ms
   * @param onMass called for a zone at most once a window
   */
  constructor(
    private readonly now: () => number,
    private readonly onMass: (zone: Zone, count: MassCount) => void,
  ) {}

  /** Counts one response of a zone. */
  count(zone: Zone, listed: boolean): void {
    const now = this.now();
    if (now >= this.ends) {
      this.ends = now + WINDOW * 1000;
      this.counts = new Map();
      this.announced.clear();
    }
    let count = this.counts.get(zone);
    if (count === undefined) this.counts.set(zone, (count = new MassCount()));
    count.active++;
    if (!listed) return;
    count.affected++;
    if (!count.isMass || this.announced.has(zone)) return;
    this.announced.add(zone);
    this.onMass(zone, count);
  }
}
