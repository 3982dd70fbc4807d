import { useMemo, useState } from "preact/hooks";
import type { CountsReport } from "../../../api.js";
import { ChartPanel } from "../../charts/chart-panel.js";
import { Legend } from "../../charts/legend.js";
import { seriesOf } from "../../charts/series.js";
import { TrafficChart } from "../../charts/traffic-chart.js";
import { TrafficTable } from "../../charts/traffic-table.js";
import { rangeName } from "../../format/times.js";
import { isNarrow } from "../../state/narrow.js";

/** Requests, and refusals and challenges by reason, over the period. */
export function TrafficPanel({ counts }: { readonly counts: CountsReport }) {
  const [off, setOff] = useState<ReadonlySet<string>>(new Set());
  // The layers are those of the whole period, so that each second need not make them anew.
  const series = useMemo(() => seriesOf(counts), [counts.now]);
  const toggle = (key: string): void => {
    const next = new Set(off);
    if (!next.delete(key)) next.add(key);
    setOff(next);
  };
  return (
    <ChartPanel
      title="Traffic"
      hint={rangeName(counts.range)}
      chart={
        <>
          <TrafficChart counts={counts} series={series} off={off} isNarrow={isNarrow.value} />
          {series.length === 0 ? (
            <p class="legend-empty soft">
              Nobody was refused or challenged. Reasons will appear here with their colours.
            </p>
          ) : (
            <Legend series={series} off={off} onToggle={toggle} />
          )}
        </>
      }
      table={() => <TrafficTable counts={counts} series={series} />}
    />
  );
}
