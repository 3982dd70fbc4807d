import { useCallback, useMemo } from "preact/hooks";
import type uPlot from "uplot";
import type { LiveSample } from "../../api.js";
import { axisNumber } from "../format/numbers.js";
import { KEPT_SAMPLES } from "../state/stream.js";
import { axis, Plot, type Colours } from "./plot.js";

const SPAN = KEPT_SAMPLES * 1000;
const SHORTEST = 30_000;

/** Requests of each of the last seconds, and those of them that were refused or challenged. */
export function LiveChart({
  samples,
  now,
  height,
}: {
  readonly samples: readonly LiveSample[];
  readonly now: number;
  readonly height: number;
}) {
  const data = useMemo<uPlot.AlignedData>(() => {
    // The first point says where the chart begins while there are few samples.
    const times = [now - SPAN, ...samples.map(({ time }) => time)];
    return [
      times,
      [null, ...samples.map(({ requests }) => requests)],
      [null, ...samples.map(({ denied, challenged }) => denied + challenged)],
    ];
  }, [samples, now]);
  const options = useCallback((colours: Colours) => look(colours), []);
  return (
    <Plot
      options={options}
      data={data}
      height={height}
      label="Requests of each second, of the last three minutes"
    />
  );
}

function look(colours: Colours): Omit<uPlot.Options, "width" | "height"> {
  return {
    ms: 1,
    padding: [6, 0, 4, 0],
    cursor: { show: false },
    scales: {
      x: {
        time: true,
        range: (self, _min, max) => {
          // While there are few samples, they take more of the room.
          const first = self.data[0][1] ?? max;
          return [Math.max(max - SPAN, Math.min(first, max - SHORTEST)), max];
        },
      },
      y: { range: (_self, _min, max) => [0, Math.max(4, max * 1.1)] },
    },
    axes: [
      { show: false },
      axis(colours, {
        size: 34,
        space: 30,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000],
        values: (_self, splits) => splits.map(axisNumber),
      }),
    ],
    series: [
      {},
      { stroke: colours("accent"), fill: colours("accent-fill"), width: 1.75, points: { show: false } },
      { stroke: colours("danger-line"), width: 1.5, points: { show: false } },
    ],
  };
}
