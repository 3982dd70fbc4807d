import type { HeavyHitter, HistoryRange, LabelledCount, PeriodCounts } from "../../history/index.js";
import type { Protections, Ranked } from "../api.js";
import type { Watched } from "../watched.js";

/** Returns what each protection has done in a period. */
export async function protections(watched: Watched, range: HistoryRange): Promise<Protections> {
  const { guard, history, options } = watched;
  const { common, services } = options.setup;
  const { now: counts } = await history.counts(range);
  const hasGate = [common, ...services.values()].some(({ antibot }) => antibot !== false);
  return {
    range,
    counts,
    ...(hasGate ? { antibot: antibotReport(options.input, counts) } : {}),
    ...(guard.dnsbl === undefined ? {} : { dnsbl: dnsblReport(watched, guard.dnsbl) }),
    ...(guard.bunkernet === undefined ? {} : { bunkernet: bunkernetReport(guard.bunkernet, counts) }),
    ...(guard.badBehavior === undefined
      ? {}
      : { badBehavior: await badBehaviorReport(watched, counts, range) }),
  };
}

function antibotReport(input: unknown, counts: PeriodCounts): NonNullable<Protections["antibot"]> {
  const by = (list: readonly LabelledCount<"kind">[], kind: string): number =>
    list.find(({ labels }) => labels.kind === kind)?.count ?? 0;
  const lists = [counts.issuedBy, counts.solvedBy, counts.failedBy];
  const kinds = new Set(lists.flatMap((list) => list.map(({ labels }) => labels.kind)));
  const { medianSolveTime, solveRate } = counts;
  return {
    challenge: challengeIn(input),
    kinds: [...kinds].map((kind) => {
      const [issued = 0, solved = 0, failed = 0] = lists.map((list) => by(list, kind));
      return { kind, issued, solved, failed, abandoned: Math.max(0, issued - solved - failed) };
    }),
    excused: counts.excusedBy.map(({ labels, count }) => ({ item: labels.why, count })),
    ...(medianSolveTime === undefined ? {} : { medianSolveTime }),
    ...(solveRate === undefined ? {} : { solveRate }),
  };
}

// As it was given: a kind, a list of kinds, or a function that chooses one.
function challengeIn(input: unknown): string {
  const { antibot } = (input ?? {}) as { readonly antibot?: { readonly challenge?: unknown } | false };
  const challenge = typeof antibot === "object" ? antibot.challenge : undefined;
  const kinds = (Array.isArray(challenge) ? (challenge as unknown[]) : [challenge]).map((one) =>
    typeof one === "object" && one !== null ? (one as { readonly kind?: unknown }).kind : one,
  );
  const names = kinds.filter((kind) => typeof kind === "string");
  return names.length > 0 ? names.join(", ") : challenge === undefined ? "by service" : "chosen by the app";
}

function dnsblReport(
  { latencies }: Watched,
  dnsbl: NonNullable<Watched["guard"]["dnsbl"]>,
): NonNullable<Protections["dnsbl"]> {
  const { zones, inFlight, shed, late, remembered } = dnsbl.status();
  return {
    zones: zones.map(({ zone, state, problem, ipv6, listed, clean, errors }) => {
      const failed = Object.values(errors).reduce((sum, by) => sum + by, 0);
      const latency = latencies.of(zone);
      return {
        zone,
        state,
        ...(problem === undefined ? {} : { problem }),
        ...(ipv6 === undefined ? {} : { ipv6 }),
        asked: listed + clean + failed,
        listed,
        clean,
        errors,
        ...(latency === undefined ? {} : { latency }),
      };
    }),
    inFlight,
    shed,
    late,
    remembered,
  };
}

function bunkernetReport(
  bunkernet: NonNullable<Watched["guard"]["bunkernet"]>,
  counts: PeriodCounts,
): NonNullable<Protections["bunkernet"]> {
  const { server, registered, maskedId, quiet, list, reports } = bunkernet.status();
  const { delivered, queued, dropped, rejected, problem } = reports;
  return {
    server,
    registered,
    connected: registered && list.problem === undefined && problem === undefined,
    ...(maskedId === undefined ? {} : { maskedId }),
    quiet,
    list: {
      state: list.state,
      entries: list.entries,
      ...(list.checked === undefined ? {} : { checked: list.checked.getTime() }),
      ...(list.problem === undefined ? {} : { problem: list.problem }),
    },
    blocked: counts.deniedBy.reduce(
      (sum, { labels, count }) => (labels.protection === "bunkernet" ? sum + count : sum),
      0,
    ),
    reports: {
      sent: delivered,
      waiting: queued,
      lost: dropped + rejected,
      ...(problem === undefined ? {} : { problem }),
    },
  };
}

async function badBehaviorReport(
  { history, geo }: Watched,
  counts: PeriodCounts,
  range: HistoryRange,
): Promise<NonNullable<Protections["badBehavior"]>> {
  const { statuses, addresses, paths, from } = await history.top(range === "1h" ? "1h" : "24h");
  const ranked = (list: readonly HeavyHitter[]): Ranked[] => list.map(({ item, count }) => ({ item, count }));
  return {
    banned: counts.bannedBy.reduce(
      (sum, { labels, count }) => (labels.reason === "bad behavior" ? sum + count : sum),
      0,
    ),
    statuses: ranked(statuses),
    addresses: await geo.addTo(ranked(addresses), ({ item }) => item),
    paths: ranked(paths),
    from,
  };
}
