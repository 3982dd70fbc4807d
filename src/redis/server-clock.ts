import type { Commands } from "./commands.js";
import { integer, WrongReplyError } from "./replies.js";

/** Smaller differences between the clocks are left alone, in ms. */
const MIN_OFFSET_MS = 1000;
/** From this difference on there is a warning, in ms. */
const WARN_FROM_MS = 10_000;
/** A reply that takes longer is used, but the time is asked for again, in ms. */
const MAX_ROUND_TRIP_MS = 500;
/** How often the time is asked for, in ms. */
const EVERY_MS = 60_000;

/** The clock of Redis, which all instances on it share: their own clocks may differ by minutes. */
export class ServerClock {
  private offset = 0;
  private asked = -Infinity;
  private warned = false;
  private learning: Promise<void> | undefined;

  constructor(
    private readonly commands: Commands,
    private readonly warn: (message: string) => void,
  ) {}

  /** The time in ms since 1970. */
  now(): number {
    return Date.now() + this.offset;
  }

  /** Asks Redis for the time, once a minute at most; resolves when no answer is awaited any more. Never rejects. */
  learn(): Promise<void> {
    if (performance.now() - this.asked < EVERY_MS) return Promise.resolve();
    return (this.learning ??= this.ask().finally(() => (this.learning = undefined)));
  }

  private async ask(): Promise<void> {
    const sent = performance.now();
    try {
      const time = timeOf(await this.commands.ask(["TIME"]));
      const roundTrip = performance.now() - sent;
      if (roundTrip <= MAX_ROUND_TRIP_MS) this.asked = sent;
      this.compare(time + roundTrip / 2 - Date.now(), roundTrip);
    } catch {
      // Asked again at the next opportunity.
    }
  }

  private compare(offset: number, roundTrip: number): void {
    // A new measurement of the same difference must not make the time jump, and neither must what a slow reply alone explains.
    if (Math.abs(offset - this.offset) < Math.max(MIN_OFFSET_MS, roundTrip)) return;
    this.offset = Math.abs(offset) < MIN_OFFSET_MS ? 0 : Math.round(offset);
    if (Math.abs(offset) < WARN_FROM_MS || this.warned) return;
    this.warned = true;
    const difference = `${Math.round(Math.abs(offset) / 1000)} s ${offset > 0 ? "behind" : "ahead of"}`;
    this.warn(
      `the clock of this machine is ${difference} the clock of Redis, which is used instead; set it (NTP)`,
    );
  }
}

// A reply to TIME: seconds and microseconds.
function timeOf(reply: unknown): number {
  if (!Array.isArray(reply) || reply.length !== 2) throw new WrongReplyError("the time", reply);
  return integer(reply[0]) * 1000 + integer(reply[1]) / 1000;
}
