import type { Zone } from "./zone.js";

/** How long one count runs, in seconds. */
const WINDOW = 600;
/** Fewer listings than this are never a mass, however quiet the site. */
const LEAST_LISTED = 10;
/** The share of all addresses asked about that makes it one. */
const SHARE = 0.3;

/** Counts, for each zone, how many of the new clients it lists: a list that went wrong lists a large share of them. */
export class MassListingWatch {
  private ends = 0;
  private counts = new Map<Zone, { asked: number; listed: number; told: boolean }>();

  /**
   * @param now the clock, in ms
   * @param onMass hears of a zone at most once a window
   */
  constructor(
    private readonly now: () => number,
    private readonly onMass: (zone: Zone, listed: number, asked: number) => void,
  ) {}

  /** A zone answered about one address. */
  saw(zone: Zone, listed: boolean): void {
    const now = this.now();
    if (now >= this.ends) {
      this.ends = now + WINDOW * 1000;
      this.counts = new Map();
    }
    let count = this.counts.get(zone);
    if (count === undefined) this.counts.set(zone, (count = { asked: 0, listed: 0, told: false }));
    count.asked++;
    if (!listed) return;
    count.listed++;
    if (count.told || count.listed < LEAST_LISTED || count.listed < count.asked * SHARE) return;
    count.told = true;
    this.onMass(zone, count.listed, count.asked);
  }
}
