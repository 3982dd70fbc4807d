import { withHelp } from "../errors.js";
import type { Logger } from "../events/event-bus.js";
import type { Commands } from "./commands.js";
import { integer, WrongReplyError } from "./replies.js";

/** Smaller differences between the clocks are left alone, in ms. */
const MIN_OFFSET_MS = 1000;
/** From this difference on there is a warning, in ms. */
const WARN_FROM_MS = 10_000;
/** A reply that takes longer says too little about the time, in ms. */
const MAX_ROUND_TRIP_MS = 500;
/** How often the time is asked for, in ms. */
const EVERY_MS = 60_000;

/** The clock of Redis, which all instances on it share: their own clocks may differ by minutes. */
export class ServerClock {
  private offset = 0;
  private asked = -Infinity;
  private warned = false;

  constructor(
    private readonly commands: Commands,
    private readonly logger: Logger | false,
  ) {}

  /** The time in ms since 1970. */
  now(): number {
    return Date.now() + this.offset;
  }

  /** Asks Redis for the time, once a minute at most. Never rejects. */
  async learn(): Promise<void> {
    const sent = performance.now();
    if (sent - this.asked < EVERY_MS) return;
    this.asked = sent;
    try {
      const time = timeOf(await this.commands.ask(["TIME"]));
      const roundTrip = performance.now() - sent;
      if (roundTrip > MAX_ROUND_TRIP_MS) this.asked = -Infinity;
      else this.compare(time + roundTrip / 2 - Date.now());
    } catch {
      // Asked again at the next opportunity.
      this.asked = -Infinity;
    }
  }

  private compare(offset: number): void {
    // A new measurement of the same difference must not make the time jump.
    if (Math.abs(offset - this.offset) < MIN_OFFSET_MS) return;
    this.offset = Math.abs(offset) < MIN_OFFSET_MS ? 0 : Math.round(offset);
    if (Math.abs(offset) < WARN_FROM_MS || this.warned || this.logger === false) return;
    this.warned = true;
    const difference = `${Math.round(Math.abs(offset) / 1000)} s ${offset > 0 ? "behind" : "ahead of"}`;
    try {
      this.logger.warn(
        withHelp(
          "WRN_BUNKER_CLOCK",
          `the clock of this machine is ${difference} the clock of Redis, which is used instead; set it (NTP)`,
        ),
      );
    } catch {
      // A broken logger must not break the store.
    }
  }
}

// A reply to TIME: seconds and microseconds.
function timeOf(reply: unknown): number {
  if (!Array.isArray(reply) || reply.length !== 2) throw new WrongReplyError("the time", reply);
  return integer(reply[0]) * 1000 + integer(reply[1]) / 1000;
}
