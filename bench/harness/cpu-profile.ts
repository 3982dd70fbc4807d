/** What V8's profiler records: a tree of functions, and for each sample the function that ran and the time since the last one. */
export interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[];
  samples?: number[];
  timeDeltas?: number[];
}

/** The self time of one file or part of the runtime. */
export interface SelfTime {
  place: string;
  /** The share of all time that the process was not idle, 0 to 1. */
  share: number;
}

/** Returns the self time by file, the most expensive first. Files of one package count together, as do Node's own. */
export function selfTimes(profile: Profile): SelfTime[] {
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map<string, number>();
  let total = 0;
  profile.samples?.forEach((id, index) => {
    const place = places.get(id) ?? "unknown";
    const delta = Math.max(0, profile.timeDeltas?.[index] ?? 0);
    if (place === IDLE) return;
    times.set(place, (times.get(place) ?? 0) + delta);
    total += delta;
  });
  return [...times]
    .map(([place, time]) => ({ place, share: time / total }))
    .sort((a, b) => b.share - a.share);
}

const IDLE = "idle";

function placeOf({ functionName, url }: { functionName: string; url: string }): string {
  if (url === "") {
    if (functionName === "(idle)") return IDLE;
    if (functionName === "(garbage collector)") return "garbage collector";
    // Built-in functions have no file: their callers are not told apart.
    return functionName.startsWith("(") ? "native code" : "built-in functions";
  }
  if (url.startsWith("node:")) return "node internals";
  const path = url.replace(/^file:\/\//, "");
  const packages = path.split("/node_modules/");
  if (packages.length > 1) return (/^(?:@[^/]+\/)?[^/]+/.exec(packages.at(-1) ?? "") ?? [path])[0];
  return path.replace(`${process.cwd()}/`, "");
}
