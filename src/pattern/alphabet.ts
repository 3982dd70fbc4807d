import type { AST } from "@eslint-community/regexpp";

/** What one position of a pattern accepts: ranges of code points, in order, without overlap. May be too wide, never too narrow. */
export type CharacterRanges = readonly (readonly [first: number, last: number])[];

export interface PatternFlags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
  readonly unicode: boolean;
  readonly multiline: boolean;
}

const LAST = 0x10ffff;
export const ALL: CharacterRanges = [[0, LAST]];
const NON_ASCII: CharacterRanges = [[0x80, LAST]];
const DIGIT = rangesIn("09");
const WORD = rangesIn("09AZ__az");
const SPACE = rangesIn(
  "\t\r  \u00a0\u00a0\u1680\u1680\u2000\u200a\u2028\u2029\u202f\u202f\u205f\u205f\u3000\u3000\ufeff\ufeff",
);
const LINE_END = rangesIn("\n\n\r\r\u2028\u2029");
// With the i and u flags these letters equal one outside ASCII (long s, Kelvin sign).
const FOLDING_ASCII = rangesIn("KKSSkkss");

// The ranges of these pairs of characters, first and last.
function rangesIn(pairs: string): CharacterRanges {
  const codes = Array.from(pairs, (character) => character.charCodeAt(0));
  return codes.flatMap((last, index) =>
    index % 2 === 0 ? [] : [[codes[index - 1] as number, last] as const],
  );
}

export function rangesOf(
  node: AST.Character | AST.CharacterSet | AST.CharacterClass | AST.ExpressionCharacterClass,
  flags: PatternFlags,
): CharacterRanges {
  switch (node.type) {
    case "Character":
      return folded([[node.value, node.value]], flags);
    case "CharacterSet":
      return rangesOfSet(node, flags);
    case "CharacterClass":
      return rangesOfClass(node, flags);
    default:
      return ALL;
  }
}

/** Numbers for characters that no position tells apart, and the position's sets as bits of those numbers. */
export function partition(sets: readonly CharacterRanges[]): { masks: bigint[]; atoms: number } {
  const cuts = new Set<number>([0]);
  for (const set of sets) {
    for (const [first, last] of set) {
      cuts.add(first);
      if (last < LAST) cuts.add(last + 1);
    }
  }
  const starts = [...cuts].sort((left, right) => left - right);
  const numberOf = new Map(starts.map((start, index) => [start, index]));
  const masks = new Map<CharacterRanges, bigint>();
  for (const set of new Set(sets)) {
    let mask = 0n;
    for (const [first, last] of set) {
      const from = BigInt(numberOf.get(first) ?? 0);
      const to = BigInt(last < LAST ? (numberOf.get(last + 1) ?? 0) : starts.length);
      mask |= ((1n << (to - from)) - 1n) << from;
    }
    masks.set(set, mask);
  }
  return { masks: sets.map((set) => masks.get(set) as bigint), atoms: starts.length };
}

function rangesOfSet(node: AST.CharacterSet, flags: PatternFlags): CharacterRanges {
  switch (node.kind) {
    case "any":
      return flags.dotAll ? ALL : complement(LINE_END);
    case "digit":
      return node.negate ? complement(DIGIT) : DIGIT;
    case "space":
      return node.negate ? complement(SPACE) : SPACE;
    case "word":
      return node.negate ? complement(WORD) : folded(WORD, flags);
    default:
      return ALL;
  }
}

function rangesOfClass(node: AST.CharacterClass, flags: PatternFlags): CharacterRanges {
  const sets: CharacterRanges[] = [];
  for (const element of node.elements) {
    if (element.type === "CharacterClassRange") sets.push([[element.min.value, element.max.value]]);
    else if (element.type === "Character") sets.push([[element.value, element.value]]);
    else if (element.type === "CharacterSet" && element.kind !== "property")
      sets.push(rangesOfSet(element, flags));
    // Properties and nested classes are not worth their tables: taking everything only errs on the careful side.
    else return ALL;
  }
  const set = union(sets.flat());
  if (!node.negate) return folded(set, flags);
  if (!flags.ignoreCase) return complement(set);
  // How letters outside ASCII fold is not known here, so the complement keeps all of them.
  return union([...complement(asciiFolded(set)), ...NON_ASCII, ...(flags.unicode ? FOLDING_ASCII : [])]);
}

function folded(set: CharacterRanges, flags: PatternFlags): CharacterRanges {
  if (!flags.ignoreCase) return set;
  const wide = asciiFolded(set);
  const beyondAscii = wide.some(([, last]) => last >= 0x80);
  const meetsFolding =
    flags.unicode &&
    wide.some(([first, last]) => FOLDING_ASCII.some(([code]) => code >= first && code <= last));
  if (!beyondAscii && !meetsFolding) return wide;
  return union([...wide, ...NON_ASCII, ...(flags.unicode ? FOLDING_ASCII : [])]);
}

function asciiFolded(set: CharacterRanges): CharacterRanges {
  const wide: (readonly [number, number])[] = [...set];
  for (const [first, last] of set) {
    const upper = [Math.max(first, 65), Math.min(last, 90)] as const;
    const lower = [Math.max(first, 97), Math.min(last, 122)] as const;
    if (upper[0] <= upper[1]) wide.push([upper[0] + 32, upper[1] + 32]);
    if (lower[0] <= lower[1]) wide.push([lower[0] - 32, lower[1] - 32]);
  }
  return union(wide);
}

function union(ranges: readonly (readonly [number, number])[]): CharacterRanges {
  const merged: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((left, right) => left[0] - right[0])) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

function complement(ranges: CharacterRanges): CharacterRanges {
  const rest: [number, number][] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) rest.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) rest.push([next, LAST]);
  return rest;
}
