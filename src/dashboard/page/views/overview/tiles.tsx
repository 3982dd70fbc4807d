import type { ComponentChildren } from "preact";
import type { CountsPoint, CountsReport } from "../../../api.js";
import { Sparkline } from "../../charts/sparkline.js";
import { groupPoints, sumOf } from "../../charts/grouped-points.js";
import { delta, number, share, shortNumber } from "../../format/numbers.js";
import { RANGES, seconds } from "../../format/times.js";
import { href } from "../../state/route.js";
import { samples } from "../../state/stream.js";

/** The figures of the period, each with its course and with the period before. */
export function Tiles({ counts, bansNow }: { readonly counts: CountsReport; readonly bansNow: number }) {
  const { now, before } = counts;
  const { groups } = groupPoints(counts, 60);
  const course = (valueOf: (point: CountsPoint) => number): number[] =>
    groups.map((group) => sumOf(group, valueOf));
  const bans = samples.value.at(-1)?.bans ?? bansNow;
  const wouldBe = now.wouldDeny + now.wouldChallenge;
  return (
    <div class="tiles">
      <Tile
        name="Requests"
        value={shortNumber(now.requests)}
        title={number(now.requests)}
        note={<Delta counts={counts} now={now.requests} before={before?.requests} />}
        course={course((point) => point.requests)}
      />
      <Tile
        name="Refused"
        value={shortNumber(now.denied)}
        title={number(now.denied)}
        note={<Delta counts={counts} now={now.denied} before={before?.denied} />}
        extra={wouldBe > 0 ? `${shortNumber(now.wouldDeny)} more in detect mode` : undefined}
        course={course((point) => point.denied)}
        tone="danger"
      />
      <Tile
        name="Challenged"
        value={shortNumber(now.challenged)}
        title={number(now.challenged)}
        note={<Delta counts={counts} now={now.challenged} before={before?.challenged} />}
        extra={wouldBe > 0 ? `${shortNumber(now.wouldChallenge)} more in detect mode` : undefined}
        course={course((point) => point.challenged)}
        tone="info"
      />
      <Tile
        name="Solved"
        value={now.solveRate === undefined ? "–" : share(now.solveRate)}
        title={`${number(now.solved)} of ${number(now.issued)} challenges`}
        note={
          now.medianSolveTime === undefined
            ? "nothing was solved yet"
            : `median time ${seconds(now.medianSolveTime)}`
        }
        extra={
          before?.solveRate === undefined || now.solveRate === undefined
            ? undefined
            : `${share(before.solveRate)} in the period before`
        }
        course={course((point) => point.solved)}
      />
      <Tile
        name="Bans now"
        value={shortNumber(bans)}
        title={number(bans)}
        link={href("bans")}
        note={`${number(now.banned)} new, ${number(now.unbanned)} lifted`}
        extra={before === undefined ? undefined : `${number(before.banned)} new in the period before`}
        course={course((point) => point.banned)}
        tone="danger"
      />
    </div>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly title: string;
  readonly note: ComponentChildren;
  readonly extra?: string | undefined;
  readonly course: readonly number[];
  readonly tone?: string;
  readonly link?: string;
}

function Tile({ name, value, title, note, extra, course, tone, link }: TileProps) {
  return (
    <section class="tile" aria-label={name}>
      <h2>{link === undefined ? name : <a href={link}>{name}</a>}</h2>
      <p class="tile-value" title={title}>
        {value}
      </p>
      <p class="tile-note">{note}</p>
      <p class="tile-extra">{extra ?? "\u00a0"}</p>
      <Sparkline values={course} tone={tone} />
    </section>
  );
}

function Delta({
  counts,
  now,
  before,
}: {
  readonly counts: CountsReport;
  readonly now: number;
  readonly before: number | undefined;
}) {
  const text = delta(now, before);
  const period = RANGES.find(({ value }) => value === counts.range)?.long ?? "";
  if (text === undefined)
    return <>{before === undefined ? "nothing to compare with" : `none in the ${period} before`}</>;
  return (
    <span title={`${number(before ?? 0)} in the period before`}>
      <b>{text}</b> on the {period} before
    </span>
  );
}
