import { TooComplex, type Automaton } from "./automaton.js";
import { componentsOf, type Components } from "./components.js";

/**
 * How the number of ways in which a text can be read grows with its length: like n to the power of this number, or
 * `Infinity` for exponential growth.
 *
 * After Weber and Seidl, "On the degree of ambiguity of finite automata" (1991): growth is exponential when some
 * state can come back to itself by two ways over one text; it is polynomial when a text loops at a state, leads from
 * it to another, and loops there too; the longest chain of such pairs is the degree.
 */
export function ambiguityOf(automaton: Automaton): number {
  const components = componentsOf(automaton.follow);
  const budget = new Budget();
  if (components.loops.some((loop) => isExponential(automaton, components, loop, budget))) return Infinity;
  return longestChain(automaton, components, budget);
}

// Steps that the check of one pattern may take; about a tenth of a second.
class Budget {
  private left = 1_500_000;
  spend(): void {
    if (--this.left < 0) throw new TooComplex();
  }
}

function isExponential(
  automaton: Automaton,
  { of }: Components,
  loop: readonly number[],
  budget: Budget,
): boolean {
  const { follow, masks } = automaton;
  const inside = new Set(loop);
  const edges = new Map(
    loop.map((state) => [state, [...(follow[state] ?? [])].filter(([target]) => inside.has(target))]),
  );
  if ([...edges.values()].some((targets) => targets.some(([, ways]) => ways > 1))) return true;
  // Pairs of states that one text reaches from one state; when such a pair meets again, the circle is closed.
  const size = of.length;
  const queue: (readonly [number, number])[] = loop.map((state) => [state, state]);
  const seen = new Set<number>();
  for (let head = 0; head < queue.length; head++) {
    const [left, right] = queue[head] as readonly [number, number];
    for (const [nextLeft] of edges.get(left) ?? []) {
      for (const [nextRight] of edges.get(right) ?? []) {
        budget.spend();
        if (((masks[nextLeft] as bigint) & (masks[nextRight] as bigint)) === 0n) continue;
        if (nextLeft === nextRight) {
          if (left !== right) return true;
          continue;
        }
        const key = nextLeft * size + nextRight;
        if (!seen.has(key)) {
          seen.add(key);
          queue.push([nextLeft, nextRight]);
        }
      }
    }
  }
  return false;
}

function longestChain(automaton: Automaton, components: Components, budget: Budget): number {
  const { loops, of, reaches } = components;
  const degree = new Map<number, number>();
  // Components are numbered so that every edge leads to a lower number.
  const sorted = loops
    .map((loop) => ({ loop, id: of[loop[0] as number] as number }))
    .sort((left, right) => left.id - right.id);
  let longest = 0;
  for (const { loop, id } of sorted) {
    let best = 0;
    for (const { loop: later, id: laterId } of sorted) {
      if (laterId >= id || !reaches(id, laterId)) continue;
      const onward = degree.get(laterId) ?? 0;
      if (onward + 1 <= best) continue;
      best = Math.max(
        best,
        isAmbiguousPair(automaton, components, loop, later, budget) ? onward + 1 : onward,
      );
    }
    degree.set(id, best);
    longest = Math.max(longest, best);
  }
  return longest;
}

// Whether some text loops at a state of the first component, leads from it to one of the second, and loops there.
function isAmbiguousPair(
  automaton: Automaton,
  components: Components,
  first: readonly number[],
  second: readonly number[],
  budget: Budget,
): boolean {
  return first.some((from) => second.some((to) => linksLoops(automaton, components, from, to, budget)));
}

function linksLoops(
  { follow, masks }: Automaton,
  { of, reaches }: Components,
  from: number,
  to: number,
  budget: Budget,
): boolean {
  const size = of.length;
  const fromLoop = of[from] as number;
  const toLoop = of[to] as number;
  const queue: (readonly number[])[] = [[from, from, to]];
  const seen = new Set<number>();
  for (let head = 0; head < queue.length; head++) {
    const [left = 0, middle = 0, right = 0] = queue[head] as readonly number[];
    for (const nextLeft of follow[left]?.keys() ?? []) {
      if (of[nextLeft] !== fromLoop) continue;
      for (const nextRight of follow[right]?.keys() ?? []) {
        if (of[nextRight] !== toLoop) continue;
        const shared = (masks[nextLeft] as bigint) & (masks[nextRight] as bigint);
        if (shared === 0n) continue;
        for (const nextMiddle of follow[middle]?.keys() ?? []) {
          budget.spend();
          if ((shared & (masks[nextMiddle] as bigint)) === 0n) continue;
          if (nextLeft === from && nextMiddle === to && nextRight === to) return true;
          const component = of[nextMiddle] as number;
          if (component !== toLoop && !reaches(component, toLoop)) continue;
          const key = (nextLeft * size + nextMiddle) * size + nextRight;
          if (!seen.has(key)) {
            seen.add(key);
            queue.push([nextLeft, nextMiddle, nextRight]);
          }
        }
      }
    }
  }
  return false;
}
