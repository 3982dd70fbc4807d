import type { Sample } from "./families.js";
import type { LabelLimit } from "../label-limit.js";

/** Challenges are followed in groups that were issued within the same so many ms. */
const SLOT_MS = 10_000;
/** The most groups of one kind; the oldest is over when there is another one. */
const MAX_SLOTS = 512;

/** The challenges of one kind. */
class KindFunnel {
  issued = 0;
  abandoned = 0;
  /** The longest that one of them may take, in ms. */
  lifetime = 0;
  /** How many challenges are not answered yet, by when they were issued. */
  private readonly open = new Map<number, number>();
  private advanced = NaN;
  /** Answers to challenges that another instance has issued: they are not missing here. */
  private surplus = 0;

  add(issued: number, by: number): void {
    const slot = Math.floor(issued / SLOT_MS);
    this.open.set(slot, (this.open.get(slot) ?? 0) + by);
    if (this.open.size > MAX_SLOTS) this.end(Math.min(...this.open.keys()));
  }

  advance(now: number): void {
    // The groups that are over change once in ten seconds only.
    const time = Math.floor((now - this.lifetime) / SLOT_MS);
    if (time === this.advanced) return;
    this.advanced = time;
    for (const slot of [...this.open.keys()]) if ((slot + 1) * SLOT_MS + this.lifetime <= now) this.end(slot);
  }

  get stillOpen(): number {
    let sum = 0;
    for (const count of this.open.values()) sum += count;
    return Math.max(0, sum);
  }

  private end(slot: number): void {
    const missing = (this.open.get(slot) ?? 0) - this.surplus;
    this.open.delete(slot);
    this.surplus = Math.max(0, -missing);
    this.abandoned += Math.max(0, missing);
  }
}

/**
 * Follows challenges from issue to answer, in memory that does not grow with their number: per kind, how many of those that were issued
 * within the same ten seconds are unanswered. What is left of them when they are too old is abandoned. An answer to a challenge
 * that another instance issued makes up for one that is answered there, so that the sum over all instances is right.
 */
export class ChallengeFunnel {
  private readonly kinds = new Map<string, KindFunnel>();

  constructor(private readonly limit: LabelLimit) {}

  /** @param time when it was issued, in ms. @param lifetime in ms */
  issued(kind: string, time: number, lifetime: number): void {
    const funnel = this.funnelOf(kind);
    funnel.lifetime = Math.max(funnel.lifetime, lifetime);
    funnel.advance(time);
    funnel.issued++;
    funnel.add(time, 1);
  }

  /** A challenge that was issued at `issued` (ms) was answered, right or wrong. */
  answered(kind: string, issued: number): void {
    this.funnelOf(kind).add(issued, -1);
  }

  /** Returns the samples at `now` (ms). */
  samples(now: number): Record<"issued" | "abandoned" | "open", Sample[]> {
    const of = (read: (funnel: KindFunnel) => number): Sample[] =>
      [...this.kinds].map(([kind, funnel]) => ({ labels: { kind }, value: read(funnel) }));
    for (const funnel of this.kinds.values()) funnel.advance(now);
    return {
      issued: of(({ issued }) => issued),
      abandoned: of(({ abandoned }) => abandoned),
      open: of(({ stillOpen }) => stillOpen),
    };
  }

  private funnelOf(kind: string): KindFunnel {
    const name = this.limit.of(kind);
    let funnel = this.kinds.get(name);
    if (funnel === undefined) this.kinds.set(name, (funnel = new KindFunnel()));
    return funnel;
  }
}
