import type { Edges } from "./automaton.js";

export interface Components {
  /** The component of each state. Every edge between components leads to a lower number. */
  readonly of: readonly number[];
  /** The states of each component that has a cycle. */
  readonly loops: readonly (readonly number[])[];
  /** Whether a way leads from one component to another one. */
  readonly reaches: (from: number, to: number) => boolean;
}

/** Tarjan's algorithm, with its own stack: patterns can be longer than the call stack is deep. */
export function componentsOf(follow: readonly Edges[]): Components {
  const order = new Int32Array(follow.length).fill(-1);
  const low = new Int32Array(follow.length);
  const of = new Array<number>(follow.length).fill(-1);
  const open: number[] = [];
  const groups: number[][] = [];
  let visited = 0;
  for (let root = 0; root < follow.length; root++) {
    if (order[root] !== -1) continue;
    const calls = [{ state: root, targets: (follow[root] as Edges).keys() }];
    order[root] = low[root] = visited++;
    open.push(root);
    for (let call = calls.at(-1); call; call = calls.at(-1)) {
      const { state, targets } = call;
      const next = targets.next();
      if (next.done !== true) {
        const target = next.value;
        if (order[target] === -1) {
          order[target] = low[target] = visited++;
          open.push(target);
          calls.push({ state: target, targets: (follow[target] as Edges).keys() });
        } else if (of[target] === -1) {
          low[state] = Math.min(low[state] as number, order[target] as number);
        }
        continue;
      }
      calls.pop();
      const caller = calls.at(-1)?.state;
      if (caller !== undefined) low[caller] = Math.min(low[caller] as number, low[state] as number);
      if (low[state] !== order[state]) continue;
      const group: number[] = [];
      for (let member = -1; member !== state;) {
        member = open.pop() as number;
        of[member] = groups.length;
        group.push(member);
      }
      groups.push(group);
    }
  }
  const loops = groups.filter(
    (group) => group.length > 1 || follow[group[0] as number]?.has(group[0] as number) === true,
  );
  return { of, loops, reaches: reachability(groups, of, follow, loops) };
}

// Which loops each component leads to; only loops are ever asked for.
function reachability(
  groups: readonly (readonly number[])[],
  of: readonly number[],
  follow: readonly Edges[],
  loops: readonly (readonly number[])[],
): (from: number, to: number) => boolean {
  const bits = new Map(loops.map((loop, index) => [of[loop[0] as number] as number, 1n << BigInt(index)]));
  const reached: bigint[] = [];
  groups.forEach((group, id) => {
    let mask = 0n;
    for (const state of group) {
      for (const target of (follow[state] as Edges).keys()) {
        const component = of[target] as number;
        if (component !== id) mask |= (reached[component] as bigint) | (bits.get(component) ?? 0n);
      }
    }
    reached.push(mask);
  });
  return (from, to) => ((reached[from] as bigint) & (bits.get(to) ?? 0n)) !== 0n;
}
