import type { Address } from "../../src/address/address.js";

/** Collects all garbage if Node runs with `--expose-gc`; otherwise it does nothing. */
export function collect(): void {
  // Array buffers are released only after the objects that hold them.
  globalThis.gc?.();
  globalThis.gc?.();
}

/** Calls `make` and returns its value, the memory that the value occupies (MB), and how long the call took (ms). */
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

/** Returns the time of one look-up in ns. Throws unless exactly half of the probes are found. */
export function nsPerLookup(probes: readonly Address[], has: (address: Address) => boolean): number {
  let hits = 0;
  const start = performance.now();
  for (const probe of probes) if (has(probe)) hits++;
  const ns = ((performance.now() - start) * 1e6) / probes.length;
  if (hits !== probes.length / 2) throw new Error(`${hits} hits of ${probes.length / 2}`);
  return ns;
}
