import type { AST } from "@eslint-community/regexpp";
import { ALL, partition, rangesOf, type CharacterRanges, type PatternFlags } from "./alphabet.js";

/** How often each next position can be reached, by its number. */
export type Edges = ReadonlyMap<number, number>;

/**
 * The position (Glushkov) automaton of a pattern: a step reads one character of the set of the position that it leads to.
 * Edges carry in how many ways the pattern can take them, because a backtracking matcher tries each way.
 */
export interface Automaton {
  /** Bit n is set when the position accepts characters of group n. */
  readonly masks: readonly bigint[];
  /** Number of groups of characters that no position tells apart. */
  readonly atoms: number;
  readonly start: Edges;
  readonly follow: readonly Edges[];
}

/** The pattern is beyond what can be checked in reasonable time. */
export class TooComplex extends Error {}

// Bounds that keep the check itself cheap; real patterns are far below.
const MAX_POSITIONS = 8_000;
const MAX_EDGES = 400_000;
// A count such as {2,4} is written out as copies while few; beyond, it is taken as a loop, which errs on the careful side.
const MAX_OPTIONAL_COPIES = 3;
const MAX_COPIED_POSITIONS = 64;

interface Fragment {
  /** In how many ways it can match nothing. */
  readonly empties: number;
  readonly first: Edges;
  readonly last: Edges;
}

const NOTHING: Fragment = { empties: 1, first: new Map(), last: new Map() };

export class AutomatonBuilder {
  private readonly sets: CharacterRanges[] = [];
  private readonly follow: Map<number, number>[] = [];
  private edges = 0;

  constructor(private readonly flags: PatternFlags) {}

  /** @param search whether a match may start anywhere, which is a leading loop over everything */
  build(alternatives: readonly AST.Alternative[], search: boolean): Automaton {
    const anywhere: Fragment[] = [];
    const anchored: Fragment[] = [];
    for (const alternative of alternatives) {
      const fixed = !search || (!this.flags.multiline && isAnchored(alternative));
      (fixed ? anchored : anywhere).push(this.sequence(withoutFreeTail(alternative.elements)));
    }
    const searched =
      anywhere.length === 0 ? [] : [this.chain(this.repeat(this.position(ALL), 0), this.choice(anywhere))];
    const { first } = this.choice([...searched, ...anchored]);
    return { ...partition(this.sets), start: first, follow: this.follow };
  }

  private element(node: AST.Element): Fragment {
    switch (node.type) {
      case "Character":
      case "CharacterSet":
      case "CharacterClass":
      case "ExpressionCharacterClass":
        return this.position(rangesOf(node, this.flags));
      case "Group":
      case "CapturingGroup":
        return this.alternatives(node.alternatives);
      case "Quantifier":
        return this.quantifier(node);
      // Taken as always true: that only adds ways. The cost of a lookaround is counted separately.
      case "Assertion":
        return NOTHING;
      case "Backreference": {
        // It repeats what its group could match, or nothing; inside its own group it matches nothing.
        const outside = [node.resolved]
          .flat()
          .filter(({ start, end }) => node.start >= end || node.end <= start);
        return this.choice([NOTHING, ...outside.map((group) => this.alternatives(group.alternatives))]);
      }
    }
  }

  private alternatives(nodes: readonly AST.Alternative[]): Fragment {
    return this.choice(nodes.map((node) => this.sequence(node.elements)));
  }

  private sequence(nodes: readonly AST.Element[]): Fragment {
    return nodes.reduce((before, node) => this.chain(before, this.element(node)), NOTHING);
  }

  private quantifier({ min, max, element }: AST.Quantifier): Fragment {
    const before = this.sets.length;
    const once = this.element(element);
    const weight = this.sets.length - before;
    const optional = max === Infinity ? 0 : max - min;
    const copies = max === Infinity ? Math.max(min, 1) : max;
    if (max === 0) return NOTHING;
    if (optional > MAX_OPTIONAL_COPIES || copies * weight > MAX_COPIED_POSITIONS)
      return this.repeat(once, min);
    if (max === Infinity && min <= 1) return this.repeat(once, min);
    let made = 0;
    const copy = (): Fragment => (made++ === 0 ? once : this.element(element));
    let whole = NOTHING;
    for (let index = 0; index < min; index++) whole = this.chain(whole, copy());
    if (max === Infinity) return this.chain(whole, this.repeat(this.element(element), 0));
    let tail = NOTHING;
    for (let index = 0; index < optional; index++) tail = this.optional(this.chain(copy(), tail));
    return this.chain(whole, tail);
  }

  private position(set: CharacterRanges): Fragment {
    const position = this.sets.length;
    if (position >= MAX_POSITIONS) throw new TooComplex();
    this.sets.push(set);
    this.follow.push(new Map());
    return { empties: 0, first: new Map([[position, 1]]), last: new Map([[position, 1]]) };
  }

  private chain(left: Fragment, right: Fragment): Fragment {
    if (left === NOTHING) return right;
    if (right === NOTHING) return left;
    this.connect(left.last, right.first);
    return {
      empties: left.empties * right.empties,
      first: sum(left.first, right.first, left.empties),
      last: sum(right.last, left.last, right.empties),
    };
  }

  private choice(fragments: readonly Fragment[]): Fragment {
    let empties = 0;
    const first = new Map<number, number>();
    const last = new Map<number, number>();
    for (const fragment of fragments) {
      empties += fragment.empties;
      for (const [position, ways] of fragment.first) first.set(position, (first.get(position) ?? 0) + ways);
      for (const [position, ways] of fragment.last) last.set(position, (last.get(position) ?? 0) + ways);
    }
    return { empties, first, last };
  }

  // JavaScript gives up an optional iteration that matched nothing, so skipping adds one way to be empty, not more.
  private optional({ first, last }: Fragment): Fragment {
    return { empties: 1, first, last };
  }

  private repeat(once: Fragment, min: number): Fragment {
    this.connect(once.last, once.first);
    if (min === 0) return this.optional(once);
    // An obligatory iteration may match nothing, and the next one then something: one more way to begin.
    return { ...once, first: sum(once.first, once.first, once.empties * min) };
  }

  private connect(from: Edges, to: Edges): void {
    this.edges += from.size * to.size;
    if (this.edges > MAX_EDGES) throw new TooComplex();
    for (const [source, waysOut] of from) {
      const edges = this.follow[source] as Map<number, number>;
      for (const [target, waysIn] of to) edges.set(target, (edges.get(target) ?? 0) + waysOut * waysIn);
    }
  }
}

// Whether the alternative can only match at the very start of the text.
function isAnchored(alternative: AST.Alternative): boolean {
  const [first] = alternative.elements;
  if (first?.type === "Assertion") return first.kind === "start";
  if (first?.type === "Group" || first?.type === "CapturingGroup")
    return first.alternatives.every(isAnchored);
  return false;
}

function sum(base: Edges, more: Edges, times: number): Edges {
  if (times === 0) return base;
  const total = new Map(base);
  for (const [position, ways] of more) total.set(position, (total.get(position) ?? 0) + ways * times);
  return total;
}

// At the end of the whole pattern a repeated single character never backtracks: whatever it takes, the match is made.
function withoutFreeTail(elements: readonly AST.Element[]): readonly AST.Element[] {
  let end = elements.length;
  for (; end > 0; end--) {
    const node = elements[end - 1];
    if ((node?.type === "Group" || node?.type === "CapturingGroup") && node.alternatives.length === 1) {
      const inner = (node.alternatives[0] as AST.Alternative).elements;
      const kept = withoutFreeTail(inner);
      return kept.length === inner.length
        ? elements.slice(0, end)
        : withoutFreeTail([...elements.slice(0, end - 1), ...kept]);
    }
    if (node?.type !== "Quantifier" || node.min > 1 || !isSingle(node.element)) break;
    if (node.min === 1) return [...elements.slice(0, end - 1), node.element];
  }
  return elements.slice(0, end);
}

function isSingle(node: AST.Element): boolean {
  return node.type === "Character" || node.type === "CharacterSet" || node.type === "CharacterClass";
}
