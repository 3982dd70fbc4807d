/** Reports for this reason rest on somebody else's list, so that they alone list nobody (R30). */
const DERIVED = "dnsbl";
/** What stands for every reason that is not known here: a member may write anything. */
const OTHER = "other";

/** The reasons that BunkerWeb and this package report, with how much a vote for each counts: 0 = nothing, 1 = one voter. */
export const DEFAULT_WEIGHTS: Readonly<Record<string, number>> = {
  antibot: 1,
  "bad behavior": 1,
  blacklist: 1,
  modsecurity: 1,
  crowdsec: 1,
  limit: 1,
  reversescan: 1,
  country: 0.5,
  manual: 0.5,
  ui: 0.5,
  // Any 403 of the application's own.
  unknown: 0.5,
  [DERIVED]: 0.5,
  // A denial that rests on this very list: counted, it would keep an address on the list for ever (R29).
  bunkernet: 0,
  [OTHER]: 0.5,
};

/** How many reasons there may be, ours included: they are kept as bits of one number. */
export const MAX_REASONS = 30;

/** The reasons that votes are counted by, kept as sets of bits. */
export class Reasons {
  private readonly names: readonly string[];
  private readonly bits: ReadonlyMap<string, number>;
  private readonly weights: readonly number[];
  private readonly derived: number;
  private readonly other: number;

  /** @param weights from 0 to 1 by reason; those left out keep their default */
  constructor(weights: ReadonlyMap<string, number>) {
    const all = new Map([...Object.entries(DEFAULT_WEIGHTS), ...weights]);
    this.names = [...all.keys()];
    this.weights = [...all.values()];
    this.bits = new Map(this.names.map((name, index) => [name, 1 << index]));
    this.derived = this.bits.get(DERIVED) as number;
    this.other = this.bits.get(OTHER) as number;
  }

  /** The bit of what a report gives as its reason; whatever is not known is one and the same. */
  bitOf(reason: unknown): number {
    if (typeof reason !== "string" || reason.length > 64) return this.other;
    return this.bits.get(canonicalReason(reason)) ?? this.other;
  }

  /** The names of a set of reasons. */
  namesOf(set: number): string[] {
    return this.names.filter((_name, index) => (set & (1 << index)) !== 0);
  }

  /** The set of these names. */
  setOf(names: readonly string[]): number {
    return names.reduce((set, name) => set | this.bitOf(name), 0);
  }

  /** How much one voter's reasons count together: as much as the weightiest. */
  weightOf(set: number): number {
    let most = 0;
    for (let index = 0; index < this.weights.length; index++)
      if ((set & (1 << index)) !== 0) most = Math.max(most, this.weights[index] as number);
    return most;
  }

  /** Whether a voter has seen something itself, and not only looked an address up in somebody's list. */
  isFirstHand(set: number): boolean {
    return this.weightOf(set & ~this.derived) > 0;
  }
}

/** BunkerWeb writes `bad behavior` and its plugin ids (`badbehavior`, `bad-behavior`) in several ways. */
export function canonicalReason(reason: string): string {
  const plain = reason.trim().toLowerCase().replace(/[_-]+/g, " ");
  return plain === "badbehavior" ? "bad behavior" : plain;
}
