import { ChartPanel } from "../../charts/chart-panel.js";
import { LiveChart } from "../../charts/live-chart.js";
import { fraction, number } from "../../format/numbers.js";
import { DataTable } from "../../parts/data-table.js";
import { Time } from "../../parts/time.js";
import { now } from "../../state/clock.js";
import { liveState, samples } from "../../state/stream.js";

/** What this instance answers right now. */
export function LivePanel() {
  const all = samples.value;
  const last = all.at(-1);
  const recent = all.slice(-10);
  const mean = (valueOf: (sample: (typeof all)[number]) => number): string =>
    recent.length === 0
      ? "–"
      : fraction(recent.reduce((sum, sample) => sum + valueOf(sample), 0) / recent.length);
  return (
    <ChartPanel
      title="Now"
      hint="each second, this instance"
      chart={
        <div class="live-panel">
          <p class="live-figure">
            <b>{mean(({ requests }) => requests)}</b> requests/s
          </p>
          <LiveChart samples={all} now={last?.time ?? now.value} height={150} />
          <dl class="live-list">
            <dt>
              <i class="swatch accent" />
              Requests
            </dt>
            <dd>{mean(({ requests }) => requests)} /s</dd>
            <dt>
              <i class="swatch danger-line" />
              Refused and challenged
            </dt>
            <dd>{mean(({ denied, challenged }) => denied + challenged)} /s</dd>
            <dt>Solved</dt>
            <dd>{mean(({ solved }) => solved)} /s</dd>
          </dl>
          {all.length === 0 && liveState.value !== "live" && (
            <p class="soft">The first figures will arrive with the connection.</p>
          )}
        </div>
      }
      table={() => (
        <DataTable
          isCompact
          label="Requests of each of the last seconds"
          rows={[...all].reverse().slice(0, 60)}
          keyOf={({ time }) => time}
          columns={[
            { name: "Time", cell: ({ time }) => <Time at={time} as="clock" /> },
            { name: "Requests", isNumber: true, cell: ({ requests }) => number(requests) },
            { name: "Refused", isNumber: true, cell: ({ denied }) => number(denied) },
            { name: "Challenged", isNumber: true, cell: ({ challenged }) => number(challenged) },
            { name: "Solved", isNumber: true, cell: ({ solved }) => number(solved) },
          ]}
        />
      )}
    />
  );
}
