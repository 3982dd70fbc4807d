import type { CountsPoint, CountsReport } from "../../api.js";
import { kindName, refusalName } from "../format/words.js";

/** One layer of the stacked chart: refusals for one reason, or challenges of one kind. */
export interface Series {
  readonly key: string;
  readonly name: string;
  readonly group: "refused" | "challenged";
  /** The name of its colour in the style: `r1` to `r6` for refusals, `c1` to `c4` for challenges. */
  readonly colour: string;
  readonly total: number;
  readonly valueOf: (point: CountsPoint) => number;
}

const MAX_REFUSED = 5;
const MAX_CHALLENGED = 3;

// A reason keeps its colour for as long as the page is open, whatever its rank.
const colours = { refused: new Map<string, number>(), challenged: new Map<string, number>() };

/** The layers of a report, the most frequent first; what is rare is put together. */
export function seriesOf({ now }: CountsReport): Series[] {
  const refused = sums(
    now.deniedBy.map(({ labels, count }) => [`${labels.protection}|${labels.reason}`, count]),
  );
  const challenged = sums(now.challengedBy.map(({ labels, count }) => [labels.kind, count]));
  return [...layers("challenged", challenged, MAX_CHALLENGED), ...layers("refused", refused, MAX_REFUSED)];
}

/** The name of the colour of a reason or a kind. */
export function colourOf(group: Series["group"], key: string): string {
  const known = colours[group];
  const max = group === "refused" ? MAX_REFUSED : MAX_CHALLENGED;
  let at = known.get(key);
  if (at === undefined) {
    at = known.size;
    known.set(key, at);
  }
  return at < max ? `${group === "refused" ? "r" : "c"}${at + 1}` : group === "refused" ? "r6" : "c4";
}

/** The name of a refusal's key. */
function refusalKeyName(key: string): string {
  const [protection = "", reason = ""] = key.split("|");
  return refusalName(protection, reason);
}

function layers(group: Series["group"], all: ReadonlyMap<string, number>, max: number): Series[] {
  const ranked = [...all].sort(([, one], [, other]) => other - one);
  const labelOf = group === "refused" ? refusalKeyName : kindName;
  const shown = ranked.slice(0, max).map(([key, total]): Series => {
    return {
      key: `${group} ${key}`,
      name: labelOf(key),
      group,
      colour: colourOf(group, key),
      total,
      valueOf: (point) => countsOf(point, group)[key] ?? 0,
    };
  });
  const rest = ranked.slice(max);
  if (rest.length === 0) return shown;
  const keys = new Set(ranked.slice(0, max).map(([key]) => key));
  const sumOfRest = (point: CountsPoint): number =>
    Object.entries(countsOf(point, group)).reduce(
      (sum, [key, count]) => (keys.has(key) ? sum : sum + count),
      0,
    );
  return [
    ...shown,
    {
      key: `${group} rest`,
      name: group === "refused" ? "Other refusals" : "Other challenges",
      group,
      colour: group === "refused" ? "r6" : "c4",
      total: rest.reduce((sum, [, count]) => sum + count, 0),
      valueOf: sumOfRest,
    },
  ];
}

const countsOf = (point: CountsPoint, group: Series["group"]): Readonly<Record<string, number>> =>
  group === "refused" ? point.deniedBy : point.challengedBy;

function sums(entries: readonly (readonly [string, number])[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const [key, count] of entries) all.set(key, (all.get(key) ?? 0) + count);
  return all;
}
