import { Stand, type Candidate } from "./stand.js";
import { median, medianBounds, type Bounds } from "./statistics.js";

/** How much to measure. */
export interface TurnsPlan {
  /** How often all servers are started: starts of one program differ by several percent. */
  starts: number;
  /** The number of requests to each server before its first slice. */
  warmUp: number;
  slices: number;
  /** The number of requests in a slice. */
  requests: number;
}

/** What one request took, on average over all slices of one start. */
export interface Sample {
  /** The CPU time of the server process, with garbage collection and threads, in µs. */
  cpu: number;
  /** The time by the clock, at 32 requests at once, in µs. */
  clock: number;
}

/** The samples of each candidate by name, one for each start. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Measures servers in many short slices that take turns. */
export async function measureTurns(candidates: readonly Candidate[], plan: TurnsPlan): Promise<Samples> {
  const found = new Map(candidates.map(({ name }) => [name, [] as Sample[]]));
  const each = plan.slices * plan.requests;
  for (let start = 0; start < plan.starts; start++) {
    const stand = await Stand.start(candidates);
    try {
      // The warm-up takes turns, too: a server that waited half a minute for its first slice took a quarter more time for
      // good than an identical one that did not.
      await takeTurns(candidates, plan.warmUp / plan.requests, (name) => stand.send(name, plan.requests));
      const used = new Map(candidates.map(({ name }) => [name, { cpu: 0, clock: 0 }]));
      await takeTurns(candidates, plan.slices, async (name) => {
        const before = await stand.server(name).cpu();
        const { seconds } = await stand.send(name, plan.requests);
        const sum = used.get(name) as Sample;
        sum.cpu += (await stand.server(name).cpu()) - before;
        sum.clock += seconds * 1e6;
      });
      for (const [name, { cpu, clock }] of used) {
        found.get(name)?.push({ cpu: cpu / each, clock: clock / each });
      }
    } finally {
      await stand.stop();
    }
    console.log(`start ${start + 1} of ${plan.starts}: done`);
  }
  return found;
}

/** Each round begins with another server, and every other one goes backwards, so that none is always the first or always behind the same one. */
async function takeTurns(
  candidates: readonly Candidate[],
  rounds: number,
  slice: (name: string) => Promise<unknown>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const first = Math.floor(round / 2) % candidates.length;
    const order = [...candidates.slice(first), ...candidates.slice(0, first)];
    for (const { name } of round % 2 === 0 ? order : order.reverse()) await slice(name);
  }
}

/** Describes a plan for the title of a table. */
export function describePlan({ starts, slices, requests }: TurnsPlan): string {
  return `${starts} starts of all servers, ${slices} slices of ${requests} requests each, in turns`;
}

/** The ratio of two servers: the median over the starts, with bounds. */
export interface Ratio extends Bounds {
  ratio: number;
  /** The bounds as text. */
  text: string;
}

/** Returns how often the base's time contains the variant's: 1 for a variant that is as fast, more for a faster one. */
export function ratioOf(samples: Samples, variant: string, base: string, by: keyof Sample): Ratio {
  const own = samples.get(variant) ?? [];
  const ratios = (samples.get(base) ?? []).map((sample, start) => sample[by] / (own[start]?.[by] ?? NaN));
  const bounds = medianBounds(ratios);
  return {
    ratio: median(ratios),
    ...bounds,
    text: `${bounds.lower.toFixed(3)} to ${bounds.upper.toFixed(3)}`,
  };
}
