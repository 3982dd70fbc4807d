import { visitRegExpAST, type AST } from "@eslint-community/regexpp";
import type { PatternFlags } from "./alphabet.js";
import { ambiguityOf } from "./ambiguity.js";
import { AutomatonBuilder, type Automaton } from "./automaton.js";
import { componentsOf } from "./components.js";

// Short patterns such as (?:a?){25}a{25} have no loop and still double their work with every character.
const MAX_READINGS = 3_000;
const PROBE_LENGTH = 80;
const PROBE_WIDTH = 6;
const PROBE_STEPS = 400_000;

/**
 * How the work of a backtracking search grows with the length n of the text: like n to the power of this number;
 * `Infinity` when it is exponential, or so large from the start that it makes no difference.
 */
export function growthOf(
  alternatives: readonly AST.Alternative[],
  flags: PatternFlags,
  search = true,
): number {
  const automaton = new AutomatonBuilder(flags).build(alternatives, search);
  const degree = ambiguityOf(automaton);
  if (degree === Infinity || readsTooOften(automaton, degree)) return Infinity;
  const scan = componentsOf(automaton.follow).loops.length > 0 ? 1 : 0;
  let inner = 0;
  // A lookaround may run at every step of what surrounds it.
  for (const lookaround of lookaroundsIn(alternatives)) {
    inner = Math.max(inner, growthOf(lookaround.alternatives, flags, false));
  }
  return scan + degree + inner;
}

// The outermost ones: each brings the ones within it.
function lookaroundsIn(alternatives: readonly AST.Alternative[]): AST.LookaroundAssertion[] {
  const found: AST.LookaroundAssertion[] = [];
  for (const alternative of alternatives) {
    let depth = 0;
    visitRegExpAST(alternative, {
      onAssertionEnter(node) {
        if ((node.kind === "lookahead" || node.kind === "lookbehind") && depth++ === 0) found.push(node);
      },
      onAssertionLeave(node) {
        if (node.kind === "lookahead" || node.kind === "lookbehind") depth--;
      },
    });
  }
  return found;
}

// Plays the attacker: builds texts a character at a time, keeping those with the most ways to be read.
function readsTooOften({ start, follow, masks, atoms }: Automaton, degree: number): boolean {
  let steps = 0;
  let beam: ReadonlyMap<number, number>[] = [new Map()];
  for (let length = 1; length <= PROBE_LENGTH; length++) {
    const next: { total: number; counts: Map<number, number> }[] = [];
    for (const counts of beam) {
      const reached = new Map<number, number>();
      const sources: Iterable<readonly [number, number]> = length === 1 ? [[-1, 1]] : counts;
      for (const [state, ways] of sources) {
        for (const [target, times] of (state < 0 ? start : follow[state]) ?? []) {
          steps++;
          reached.set(target, (reached.get(target) ?? 0) + ways * times);
        }
      }
      for (const atom of atomsOf(reached, masks, atoms)) {
        const bit = 1n << BigInt(atom);
        const taken = new Map<number, number>();
        let total = 0;
        for (const [target, ways] of reached) {
          steps++;
          if (((masks[target] as bigint) & bit) === 0n) continue;
          taken.set(target, ways);
          total += ways;
        }
        next.push({ total, counts: taken });
      }
    }
    next.sort((left, right) => right.total - left.total);
    const [best] = next;
    if (!best) return false;
    if (best.total > MAX_READINGS * length ** degree) return true;
    if (steps > PROBE_STEPS) return false;
    beam = next.slice(0, PROBE_WIDTH).map(({ counts }) => counts);
  }
  return false;
}

// One character group for each different set of positions among those reached would do; each position's lowest and
// highest group come close enough.
function atomsOf(
  reached: ReadonlyMap<number, number>,
  masks: readonly bigint[],
  atoms: number,
): Iterable<number> {
  const chosen = new Set<number>();
  for (const position of reached.keys()) {
    const mask = masks[position] as bigint;
    const bits = mask.toString(2);
    chosen.add(bits.length - 1);
    chosen.add(bits.length - 1 - bits.lastIndexOf("1"));
    if (chosen.size >= Math.min(atoms, 48)) break;
  }
  return chosen;
}
