import { addCounts, type Counts } from "./counts.js";
import type {
  CountsNumbers,
  CountsPoint,
  LabelledCount,
  PeriodCounts,
  ServiceCounts,
} from "./counts-report.js";
import { OTHER } from "../label-limit.js";
import { medianOf, solveTimeBound } from "./solve-times.js";

/** More different counters than the buckets of a period ever have. */
const MAX_MERGED = 5000;

const KINDS = {
  requests: "r",
  denied: "d",
  challenged: "c",
  banned: "b",
  wouldDeny: "D",
  wouldChallenge: "C",
  wouldBan: "B",
  issued: "i",
  solved: "s",
  failed: "f",
  unbanned: "u",
  reported: "p",
  faults: "e",
  excused: "x",
  badResponses: "k",
} as const satisfies Record<keyof CountsNumbers, string>;

const BY_SERVICE = {
  requests: "r",
  denied: "d@",
  challenged: "c@",
  solved: "s@",
  failed: "f@",
  banned: "b@",
  wouldDeny: "D@",
  wouldChallenge: "C@",
  wouldBan: "B@",
} as const satisfies Record<Exclude<keyof ServiceCounts, "service">, string>;

/** Returns the point of a bucket that begins at `time` (ms). */
export function pointOf(time: number, counts: Counts): CountsPoint {
  const kinds = byKind(counts);
  const labels = (kind: string, depth: number): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const [path, by] of kinds.get(kind) ?? []) {
      const name = padded(path, depth).join("|");
      sums[name] = (sums[name] ?? 0) + by;
    }
    return sums;
  };
  return {
    time,
    ...numbersOf(kinds),
    deniedBy: labels("d", 2),
    challengedBy: labels("c", 1),
    medianSolveTime: medianOf(solveTimesOf(kinds)),
  };
}

/** Returns the sum of buckets. */
export function periodOf(span: { from: number; to: number }, all: readonly Counts[]): PeriodCounts {
  const sum: Counts = new Map();
  for (const counts of all) addCounts(sum, counts, MAX_MERGED);
  const kinds = byKind(sum);
  const numbers = numbersOf(kinds);
  const solveTimes = solveTimesOf(kinds);
  const list = <Label extends string>(kind: string, ...names: Label[]): LabelledCount<Label>[] =>
    labelled(kinds.get(kind) ?? [], names);
  return {
    ...span,
    ...numbers,
    deniedBy: list("d", "protection", "reason"),
    challengedBy: list("c", "kind", "reason"),
    bannedBy: list("b", "reason"),
    wouldDenyBy: list("D", "protection", "reason"),
    wouldChallengeBy: list("C", "kind", "reason"),
    wouldBanBy: list("B", "reason"),
    issuedBy: list("i", "kind"),
    solvedBy: list("s", "kind"),
    failedBy: list("f", "kind"),
    unbannedBy: list("u", "reason"),
    reportedBy: list("p", "reason"),
    faultsBy: list("e", "protection", "reason"),
    excusedBy: list("x", "why"),
    badResponsesBy: list("k", "status"),
    services: servicesOf(kinds),
    solveTimes: [...solveTimes]
      .sort(([one], [other]) => one - other)
      .map(([bucket, solved]) => ({ seconds: solveTimeBound(bucket), count: solved })),
    medianSolveTime: medianOf(solveTimes),
    solveRate: numbers.issued === 0 ? undefined : Math.min(1, numbers.solved / numbers.issued),
  };
}

type Kinds = ReadonlyMap<string, readonly (readonly [labels: readonly string[], by: number])[]>;

function byKind(counts: Counts): Kinds {
  const kinds = new Map<string, [readonly string[], number][]>();
  for (const [name, by] of counts) {
    const [kind = "", ...labels] = name.split("|");
    const list = kinds.get(kind);
    if (list === undefined) kinds.set(kind, [[labels, by]]);
    else list.push([labels, by]);
  }
  return kinds;
}

function numbersOf(kinds: Kinds): CountsNumbers {
  const sum = (kind: string): number => (kinds.get(kind) ?? []).reduce((all, [, by]) => all + by, 0);
  return Object.fromEntries(Object.entries(KINDS).map(([name, kind]) => [name, sum(kind)])) as Record<
    keyof CountsNumbers,
    number
  >;
}

// A counter that stands for its kind has no labels.
function padded(labels: readonly string[], depth: number): string[] {
  return Array.from({ length: depth }, (_, at) => labels[at] ?? OTHER);
}

function labelled<Label extends string>(
  list: readonly (readonly [labels: readonly string[], by: number])[],
  names: readonly Label[],
): LabelledCount<Label>[] {
  const sums = new Map<string, number>();
  for (const [labels, by] of list) {
    const name = padded(labels, names.length).join("|");
    sums.set(name, (sums.get(name) ?? 0) + by);
  }
  return [...sums]
    .sort(([, one], [, other]) => other - one)
    .map(([name, by]) => {
      const texts = name.split("|");
      const labels = Object.fromEntries(names.map((label, at) => [label, texts[at] ?? OTHER]));
      return { labels: labels as Record<Label, string>, count: by };
    });
}

function servicesOf(kinds: Kinds): ServiceCounts[] {
  const services = new Map<string, Record<keyof typeof BY_SERVICE, number>>();
  for (const [name, kind] of Object.entries(BY_SERVICE) as [keyof typeof BY_SERVICE, string][])
    for (const [[service = OTHER], by] of kinds.get(kind) ?? []) {
      const numbers = services.get(service) ?? noServiceCounts();
      numbers[name] += by;
      services.set(service, numbers);
    }
  return [...services]
    .map(([service, numbers]) => ({ service, ...numbers }))
    .sort((one, other) => other.requests - one.requests);
}

function noServiceCounts(): Record<keyof typeof BY_SERVICE, number> {
  return Object.fromEntries(Object.keys(BY_SERVICE).map((name) => [name, 0])) as Record<
    keyof typeof BY_SERVICE,
    number
  >;
}

function solveTimesOf(kinds: Kinds): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  for (const [[bucket], by] of kinds.get("t") ?? [])
    if (bucket !== undefined && /^\d{1,2}$/.test(bucket)) times.set(Number(bucket), by);
  return times;
}
