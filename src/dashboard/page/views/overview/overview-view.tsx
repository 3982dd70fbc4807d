import { useEffect } from "preact/hooks";
import type { EventsPage, Overview } from "../../../api.js";
import { withQuery } from "../../api/paths.js";
import { useQuery } from "../../api/use-query.js";
import { rangeOf } from "../../format/times.js";
import { Failure, Incomplete, LoadingPanels, Skeleton } from "../../parts/placeholders.js";
import { PeriodHead } from "../../parts/period-head.js";
import { route } from "../../state/route.js";
import { addEvents, liveState } from "../../state/stream.js";
import { HealthPanel } from "./health-panel.js";
import { LivePanel } from "./live-panel.js";
import { ReasonsPanel } from "./reasons-panel.js";
import { ServicesPanel } from "./services-panel.js";
import { Ticker } from "./ticker.js";
import { Tiles } from "./tiles.js";
import { TrafficPanel } from "./traffic-panel.js";
import { Warnings } from "./warnings.js";
import { withMinute } from "./with-minute.js";

// The shorter the buckets, the sooner a new one begins.
const EVERY = { "1h": 5000, "24h": 15_000, "7d": 60_000, "30d": 60_000 } as const;

/** Who is refused and why, at a glance. */
export function OverviewView() {
  const range = rangeOf(route.value.query["range"]);
  const every = liveState.value === "live" ? EVERY[range] : Math.max(10_000, EVERY[range]);
  const { data, error, isStale, reload } = useQuery<Overview>(withQuery("api/overview", { range }), {
    every,
    keep: true,
  });
  useRecentEvents();
  return (
    <div class="view">
      <PeriodHead title="Overview" range={range} />
      {error !== undefined && <Failure error={error} retry={reload} />}
      {data?.problem !== undefined && <Incomplete problem={data.problem} />}
      {data !== undefined && <Warnings warnings={data.warnings} />}
      {data === undefined ? error === undefined && <Loading /> : <Figures data={data} isStale={isStale} />}
    </div>
  );
}

function Figures({ data, isStale }: { readonly data: Overview; readonly isStale: boolean }) {
  const counts = withMinute(data.counts);
  return (
    <div class={isStale ? "grid stale" : "grid"} aria-busy={isStale}>
      <Tiles counts={counts} bansNow={data.now.bans} />
      <div class="column span-8">
        <TrafficPanel counts={counts} />
        <ReasonsPanel counts={counts} />
        <ServicesPanel counts={counts} />
      </div>
      <div class="column span-4">
        <LivePanel />
        <Ticker />
        <HealthPanel health={data.health} />
      </div>
    </div>
  );
}

function Loading() {
  return (
    <>
      <div class="tiles">
        {Array.from({ length: 5 }, (_, at) => (
          <div key={at} class="tile">
            <Skeleton lines={2} />
          </div>
        ))}
      </div>
      <LoadingPanels spans={[8, 4]} />
    </>
  );
}

// What happened before the page was opened.
function useRecentEvents(): void {
  const { data } = useQuery<EventsPage>("api/events?limit=30");
  useEffect(() => {
    if (data !== undefined) addEvents(data.events);
  }, [data]);
}
