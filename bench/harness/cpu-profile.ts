/** What V8's profiler records: a tree of functions, and for each sample the function that ran and the time since the last one. */
export interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[];
  samples?: number[];
  timeDeltas?: number[];
}

/** The self time of one file or part of the runtime. */
export interface SelfTime {
  place: string;
  /** The share of all time that the process was not idle, 0 to 1. */
  share: number;
}

const IDLE = "idle";

/**
 * Returns the self time by file, the most expensive first. Files of one package count together, as do Node's own. Built-in functions
 * have no file: their time counts for the code that calls them.
 */
export function selfTimes(profile: Profile): SelfTime[] {
  const places = placesOf(profile);
  const times = new Map<string, number>();
  let total = 0;
  profile.samples?.forEach((id, index) => {
    const place = places.get(id) ?? "native code";
    const delta = Math.max(0, profile.timeDeltas?.[index] ?? 0);
    if (place === IDLE) return;
    times.set(place, (times.get(place) ?? 0) + delta);
    total += delta;
  });
  return [...times]
    .map(([place, time]) => ({ place, share: time / total }))
    .sort((a, b) => b.share - a.share);
}

/** Returns the place of each function by its id. */
function placesOf({ nodes }: Profile): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const places = new Map<number, string>();
  const [root] = nodes;
  const open = root === undefined ? [] : [{ node: root, caller: "native code" }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, caller } = next;
    const place = placeOf(node.callFrame) ?? caller;
    places.set(node.id, place);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) open.push({ node: child, caller: place });
    }
  }
  return places;
}

function placeOf({ functionName, url }: { functionName: string; url: string }): string | undefined {
  if (functionName === "(idle)") return IDLE;
  if (functionName === "(garbage collector)") return "garbage collector";
  if (url === "") return undefined;
  if (url.startsWith("node:")) return "node internals";
  const path = url.replace(/^file:\/\//, "");
  const packages = path.split("/node_modules/");
  if (packages.length > 1) return (/^(?:@[^/]+\/)?[^/]+/.exec(packages.at(-1) ?? "") ?? [path])[0];
  return path.replace(`${process.cwd()}/`, "");
}
