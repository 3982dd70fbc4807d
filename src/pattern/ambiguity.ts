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
  return new AmbiguityCheck(automaton).degree();
}

// Steps that the check of one pattern may take; about a tenth of a second.
const MAX_STEPS = 1_500_000;

class AmbiguityCheck {
  private readonly components: Components;
  private steps = 0;

  constructor(private readonly automaton: Automaton) {
    this.components = componentsOf(automaton.follow);
  }

  degree(): number {
    const { loops, of, reaches } = this.components;
    if (loops.some((loop) => this.isExponential(loop))) return Infinity;
    // The longest chain from each loop; components are numbered so that every edge leads to a lower number.
    const degrees = new Map<number, number>();
    const sorted = loops
      .map((loop) => ({ loop, id: of[loop[0] as number] as number }))
      .sort((left, right) => left.id - right.id);
    for (const { loop, id } of sorted) {
      let best = 0;
      for (const { loop: later, id: laterId } of sorted) {
        if (laterId >= id || !reaches(id, laterId)) continue;
        const onward = degrees.get(laterId) ?? 0;
        if (onward + 1 <= best) continue;
        const isAmbiguous = loop.some((from) => later.some((to) => this.linksLoops(from, to)));
        best = Math.max(best, isAmbiguous ? onward + 1 : onward);
      }
      degrees.set(id, best);
    }
    return Math.max(0, ...degrees.values());
  }

  private isExponential(loop: readonly number[]): boolean {
    const { follow, masks } = this.automaton;
    const inside = new Set(loop);
    const edges = new Map(
      loop.map((state) => [state, [...(follow[state] ?? [])].filter(([target]) => inside.has(target))]),
    );
    if ([...edges.values()].some((targets) => targets.some(([, ways]) => ways > 1))) return true;
    // Pairs of states that one text reaches from one state; when such a pair meets again, the circle is closed.
    const size = follow.length;
    const queue: (readonly [number, number])[] = loop.map((state) => [state, state]);
    const seen = new Set<number>();
    for (let head = 0; head < queue.length; head++) {
      const [left, right] = queue[head] as readonly [number, number];
      for (const [nextLeft] of edges.get(left) ?? []) {
        for (const [nextRight] of edges.get(right) ?? []) {
          this.spend();
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

  // Whether some text loops at the first state, leads from it to the second, and loops there.
  private linksLoops(from: number, to: number): boolean {
    const { follow, masks } = this.automaton;
    const { of, reaches } = this.components;
    const size = follow.length;
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
            this.spend();
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

  private spend(): void {
    if (++this.steps > MAX_STEPS) throw new TooComplex();
  }
}
