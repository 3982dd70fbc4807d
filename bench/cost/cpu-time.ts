import { Stand, type Step } from "./steps.js";

/** How much to measure. */
export interface CpuPlan {
  /** How often all servers are started: starts of one program differ by several percent. */
  starts: number;
  /** The number of requests to each server before its first slice. */
  warmUp: number;
  slices: number;
  /** The number of requests in a slice. */
  requests: number;
}

/** The CPU time of a step's server per request, in µs, in each start. */
export type CpuTimes = ReadonlyMap<string, readonly number[]>;

/** Measures the CPU time of the server processes, including garbage collection, in many short slices that take turns. */
export async function measureCpuTime(steps: readonly Step[], plan: CpuPlan): Promise<CpuTimes> {
  const found = new Map(steps.map(({ name }) => [name, [] as number[]]));
  for (let start = 0; start < plan.starts; start++) {
    const stand = await Stand.start(steps);
    try {
      for (const { name } of steps) await stand.send(name, plan.warmUp);
      const used = new Map(steps.map(({ name }) => [name, 0]));
      for (let slice = 0; slice < plan.slices; slice++) {
        for (let turn = 0; turn < steps.length; turn++) {
          // Each round begins with another server, so that none always follows the same neighbour's load.
          const name = steps[(turn + slice * 3) % steps.length]?.name ?? "";
          const before = await stand.server(name).cpu();
          await stand.send(name, plan.requests);
          used.set(name, (used.get(name) ?? 0) + (await stand.server(name).cpu()) - before);
        }
      }
      for (const [name, total] of used) found.get(name)?.push(total / (plan.slices * plan.requests));
    } finally {
      await stand.stop();
    }
    console.log(`CPU time, start ${start + 1} of ${plan.starts}: done`);
  }
  return found;
}
