import type { Address } from "../../src/address/address.js";

/** Collects all garbage, where `--expose-gc` lets us. */
export function collect(): void {
  globalThis.gc?.();
  globalThis.gc?.();
}

/** Makes something, and says what it takes to hold and how long making it took. */
export function held<T>(make: () => T): { value: T; megabytes: number; milliseconds: number } {
  collect();
  const before = process.memoryUsage();
  const start = performance.now();
  const value = make();
  const milliseconds = performance.now() - start;
  collect();
  const after = process.memoryUsage();
  const megabytes = (after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / 1e6;
  return { value, megabytes, milliseconds };
}

/** Nanoseconds a look-up takes. Half of the probes must be found, or the figure means nothing. */
export function nsPerLookup(probes: readonly Address[], has: (address: Address) => boolean): number {
  let hits = 0;
  const start = performance.now();
  for (const probe of probes) if (has(probe)) hits++;
  const ns = ((performance.now() - start) * 1e6) / probes.length;
  if (hits !== probes.length / 2) throw new Error(`${hits} hits of ${probes.length / 2}`);
  return ns;
}
