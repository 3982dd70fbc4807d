import { useCallback, useMemo, useState } from "preact/hooks";
import type uPlot from "uplot";
import { UPlot } from "./uplot.js";
import type { CountsReport } from "../../api.js";
import { axisNumber, number } from "../format/numbers.js";
import { axisTime, dayTime, rangeName } from "../format/times.js";
import { groupPoints, sumOf } from "./grouped-points.js";
import { axis, Plot, type Colours } from "./plot.js";
import type { Series } from "./series.js";
import { Tooltip } from "./tooltip.js";

const AXIS_WIDTH = 46;

interface Props {
  readonly counts: CountsReport;
  readonly series: readonly Series[];
  /** The keys of the layers that are not shown. */
  readonly off: ReadonlySet<string>;
  readonly isNarrow: boolean;
}

/** Requests as a line, and below it refusals and challenges, stacked. */
export function TrafficChart({ counts, series, off, isNarrow }: Props) {
  const [hover, setHover] = useState<{ at: number; left: number } | undefined>(undefined);
  const { groups, length } = useMemo(() => groupPoints(counts, isNarrow ? 72 : 180), [counts, isNarrow]);
  const shown = useMemo(() => series.filter(({ key }) => !off.has(key)), [series, off]);
  const from = groups[0]?.time ?? 0;
  const to = (groups.at(-1)?.time ?? 0) + length;
  const looks = shown.map(({ colour }) => colour).join(" ");

  const requests = useMemo<uPlot.AlignedData>(() => {
    const values = groups.map((group) => sumOf(group, (point) => point.requests));
    // The last step needs an end.
    return [
      [...groups.map(({ time }) => time), to],
      [...values, values.at(-1) ?? 0],
    ];
  }, [groups, to]);
  const stacked = useMemo<uPlot.AlignedData>(
    () =>
      stack(
        groups.map(({ time }) => time),
        shown.map(({ valueOf }) => groups.map((group) => sumOf(group, valueOf))),
      ),
    [groups, shown],
  );

  const requestOptions = useCallback((colours: Colours) => requestLook(colours, { from, to }), [from, to]);
  const stackedOptions = useCallback(
    (colours: Colours) => stackedLook(colours, { from, to, names: looks === "" ? [] : looks.split(" ") }),
    [from, to, looks],
  );
  const onHover = useCallback(
    (at: number | undefined, left: number) =>
      setHover(at === undefined || left < AXIS_WIDTH ? undefined : { at, left }),
    [],
  );
  const group = hover === undefined ? undefined : groups[hover.at];
  const about = `${rangeName(counts.range)}: ${number(counts.now.requests)} requests, ${number(counts.now.denied)} refused, ${number(counts.now.challenged)} challenged. The table has each figure.`;

  return (
    <div class="traffic">
      <p class="chart-name" aria-hidden="true">
        Requests
      </p>
      <Plot
        options={requestOptions}
        data={requests}
        height={isNarrow ? 84 : 96}
        label={`Requests, ${about}`}
        onHover={onHover}
      />
      <p class="chart-name" aria-hidden="true">
        Refused and challenged
      </p>
      <Plot
        options={stackedOptions}
        data={stacked}
        height={isNarrow ? 190 : 232}
        label={`Refused and challenged, ${about}`}
        onHover={onHover}
      />
      {group !== undefined && hover !== undefined && (
        <Tooltip
          left={hover.left}
          title={`${dayTime(group.time)} – ${axisTime(group.time + length, 0)}`}
          lines={[
            { name: "Requests", value: sumOf(group, (point) => point.requests), colour: "accent" },
            ...shown
              .map(({ name, colour, valueOf }) => ({ name, colour, value: sumOf(group, valueOf) }))
              .filter(({ value }) => value > 0)
              .reverse(),
          ]}
        />
      )}
    </div>
  );
}

/** Each layer on top of those before it; the highest comes first, because later bars are drawn over it. */
function stack(times: number[], layers: readonly number[][]): uPlot.AlignedData {
  const sums: number[][] = [];
  for (const layer of layers) {
    const below = sums.at(-1);
    sums.push(layer.map((value, at) => value + (below?.[at] ?? 0)));
  }
  return [times, ...sums.reverse()];
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function frame(
  colours: Colours,
  { from, to }: Span,
): Pick<uPlot.Options, "ms" | "cursor" | "scales" | "axes"> {
  return {
    ms: 1,
    cursor: {
      sync: { key: "traffic", scales: ["x", null] },
      drag: { x: false, y: false },
      points: { show: false },
      y: false,
    },
    scales: {
      x: { time: true, range: [from, to] },
      y: { range: (_self, _min, max) => [0, niceMaximum(max)] },
    },
    axes: [
      axis(colours, {
        grid: { show: false },
        size: 26,
        space: 70,
        values: (_self, splits) => splits.map((time) => axisTime(time, to - from)),
      }),
      axis(colours, {
        size: AXIS_WIDTH,
        space: 34,
        incrs: WHOLE_STEPS,
        values: (_self, splits) => splits.map(axisNumber),
      }),
    ],
  };
}

// Counts are whole: no half refusals on the axis.
const WHOLE_STEPS = [1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9].flatMap((ten) => [
  ten,
  2 * ten,
  5 * ten,
]);

/** The end of an axis that begins at 0, with a little room above. */
function niceMaximum(max: number | null): number {
  return Math.max(4, (max ?? 0) * 1.08);
}

function requestLook(colours: Colours, span: Span): Omit<uPlot.Options, "width" | "height"> {
  const common = frame(colours, span);
  return {
    ...common,
    axes: [{ show: false }, axis(colours, { ...common.axes?.[1], space: 26 })],
    padding: [6, 18, 6, 0],
    series: [
      {},
      {
        stroke: colours("accent"),
        width: 1.75,
        fill: colours("accent-fill"),
        points: { show: false },
        paths: UPlot.paths.stepped?.({ align: 1 }),
      },
    ],
  };
}

function stackedLook(
  colours: Colours,
  { names, ...span }: Span & { readonly names: readonly string[] },
): Omit<uPlot.Options, "width" | "height"> {
  const bars = UPlot.paths.bars?.({ size: [0.82, 40], align: 1 });
  return {
    ...frame(colours, span),
    padding: [6, 18, 0, 0],
    series: [
      {},
      ...[...names].reverse().map((name): uPlot.Series => {
        return { fill: colours(name), width: 0, points: { show: false }, paths: bars };
      }),
    ],
  };
}
