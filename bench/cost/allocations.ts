import { Stand, type Candidate } from "../harness/stand.js";
import { median } from "../harness/statistics.js";

/** How much to measure. */
export interface AllocationPlan {
  /** How often each server is started. */
  runs: number;
  warmUp: number;
  windows: number;
  /** The number of requests in a window. */
  requests: number;
}

/** The bytes that a server allocates per request, in each run: the median of its windows. */
export type Allocations = ReadonlyMap<string, readonly number[]>;

// The new space is so large that no window fills it, so nothing is collected, and the growth of the heap is what was allocated.
const NODE_OPTIONS = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];

/** Measures what each server allocates per request, by the growth of a heap that is not collected meanwhile. */
export async function measureAllocations(
  candidates: readonly Candidate[],
  plan: AllocationPlan,
): Promise<Allocations> {
  const found = new Map(candidates.map(({ name }) => [name, [] as number[]]));
  for (let run = 0; run < plan.runs; run++) {
    const stand = await Stand.start(candidates, { nodeOptions: NODE_OPTIONS });
    try {
      for (const { name } of candidates) found.get(name)?.push(await bytesPerRequest(stand, name, plan));
    } finally {
      await stand.stop();
    }
    console.log(`allocations, run ${run + 1} of ${plan.runs}: done`);
  }
  return found;
}

async function bytesPerRequest(stand: Stand, name: string, plan: AllocationPlan): Promise<number> {
  await stand.send(name, plan.warmUp);
  const windows: number[] = [];
  for (let window = 0; window < plan.windows; window++) {
    const before = await stand.server(name).collect();
    await stand.send(name, plan.requests);
    const after = await stand.server(name).heap();
    if (after.collections > 0) throw new Error(`${name}: ${after.collections} collections in a window`);
    windows.push((after.used - before.used) / plan.requests);
  }
  return median(windows);
}
