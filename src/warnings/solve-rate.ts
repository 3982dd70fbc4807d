import { ALARM, type SignContext } from "./sign.js";

const MINUTE_MS = 60_000;
/** A stretch is judged from this length on, if it should have had {@link MIN_SOLVED} solutions, … */
const MIN_MINUTES = 10;
/** … and is over at this one. */
const MAX_MINUTES = 60;
/** With so few expected solutions, chance alone explains a quarter of them once in a hundred thousand stretches. */
const MIN_SOLVED = 20;
const COLLAPSED = 0.25;
/** Fewer challenges than this share of the usual: the visitors are away, not stopped. */
const MIN_ISSUED = 0.5;
/** The weight of ten minutes in what is usual: slower changes, as of day and night, are followed. */
const WEIGHT = 0.15;
/** How long it must have been watched. */
const WARM_MINUTES = 60;
/** A collapse that lasts so long is what is usual. */
const USUAL_AFTER_MINUTES = 360;

/** Challenges are issued as usual, and nearly none is solved any more: probably they cannot be. */
export class SolveRate {
  private start: number | undefined;
  private issuedCount = 0;
  private solvedCount = 0;
  /** What is usual, each minute. */
  private usualIssued = 0;
  private usualSolved = 0;
  private watched = 0;
  private collapsed = 0;

  constructor(private readonly context: SignContext) {}

  issued(): void {
    this.turn();
    this.issuedCount++;
  }

  solved(): void {
    this.turn();
    this.solvedCount++;
  }

  private turn(): void {
    const now = this.context.now();
    this.start ??= now;
    const minutes = (now - this.start) / MINUTE_MS;
    if (minutes >= 0 && minutes < MIN_MINUTES) return;
    const expected = this.usualSolved * minutes;
    if (minutes >= 0 && minutes < MAX_MINUTES && this.watched >= WARM_MINUTES && expected < MIN_SOLVED)
      return;
    if (minutes >= 0) this.judge(minutes, expected);
    this.start = now;
    this.issuedCount = this.solvedCount = 0;
  }

  private judge(minutes: number, expected: number): void {
    const { events } = this.context;
    const { issuedCount: issued, solvedCount: solved } = this;
    const isCollapse =
      this.watched >= WARM_MINUTES &&
      expected >= MIN_SOLVED &&
      solved <= expected * COLLAPSED &&
      issued >= this.usualIssued * minutes * MIN_ISSUED;
    if (!isCollapse) {
      this.collapsed = 0;
      events.endWarning("WRN_BUNKER_SOLVE_RATE");
    } else {
      this.collapsed += minutes;
      const usual = Math.round((this.usualSolved / this.usualIssued) * 100);
      events.warn(
        "WRN_BUNKER_SOLVE_RATE",
        `${solved} of ${issued} challenges were solved in ${Math.round(minutes)} minutes, usually ${usual} % are: look whether the challenge works in a browser`,
        "",
        { ...ALARM, lasts: 2 * MAX_MINUTES * MINUTE_MS },
      );
      if (this.collapsed < USUAL_AFTER_MINUTES) return;
    }
    const weight = this.watched === 0 ? 1 : 1 - (1 - WEIGHT) ** (minutes / MIN_MINUTES);
    this.usualIssued += weight * (issued / minutes - this.usualIssued);
    this.usualSolved += weight * (solved / minutes - this.usualSolved);
    this.watched += minutes;
  }
}
