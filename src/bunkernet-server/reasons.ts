/** Reports with this reason are derived from another list, so they alone list no address (R30). */
const DERIVED = "dnsbl";
/** Stands for every unknown reason: a member may write anything. */
const OTHER = "other";

/** The reasons that BunkerWeb and this package report, with the weight of a vote: 0 = nothing, 1 = one voter. */
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
  // A denial because of this list: if it counted, an address would stay on the list for ever (R29).
  bunkernet: 0,
  [OTHER]: 0.5,
};

/** The maximum number of reasons, which are bits of one number. */
export const MAX_REASONS = 30;

/** The reasons of votes, as sets of bits. */
export class Reasons {
  private readonly names: readonly string[];
  private readonly bits: ReadonlyMap<string, number>;
  private readonly weights: readonly number[];
  private readonly derived: number;
  private readonly other: number;

  /** @param weights from 0 to 1 by reason; others keep their default */
  constructor(weights: ReadonlyMap<string, number>) {
    const all = new Map([...Object.entries(DEFAULT_WEIGHTS), ...weights]);
    this.names = [...all.keys()];
    this.weights = [...all.values()];
    this.bits = new Map(this.names.map((name, index) => [name, 1 << index]));
    this.derived = this.bits.get(DERIVED) as number;
    this.other = this.bits.get(OTHER) as number;
  }

  /** The bit of a report's reason; all unknown reasons share one. */
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

  /** The weight of one voter's reasons: that of the weightiest. */
  weightOf(set: number): number {
    let max = 0;
    for (let index = 0; index < this.weights.length; index++)
      if ((set & (1 << index)) !== 0) max = Math.max(max, this.weights[index] as number);
    return max;
  }

  /** Whether a reason is an observation of the voter's own, not only a look-up in another list. */
  isFirstHand(set: number): boolean {
    return this.weightOf(set & ~this.derived) > 0;
  }
}

/** BunkerWeb writes `bad behavior` and its plugin ids (`badbehavior`, `bad-behavior`) in several ways. */
export function canonicalReason(reason: string): string {
  const plain = reason.trim().toLowerCase().replace(/[_-]+/g, " ");
  return plain === "badbehavior" ? "bad behavior" : plain;
}
