import { listFigures, type Figure } from "../engine/figure.js";
import type { ReportStatus } from "./reporter.js";
import type { ThreatListStatus } from "./threat-list.js";

/** The figures of the protection at `now` (ms). */
export function bunkernetFigures(
  { list, reports }: { readonly list: ThreatListStatus; readonly reports: ReportStatus },
  now: number,
): readonly Figure[] {
  const { delivered, dropped, rejected, queued } = reports;
  return [
    ...listFigures("bunkernet", list, now),
    ...Object.entries({ delivered, dropped, rejected }).map(([result, value]) => ({
      name: "bunkernet_reports_total" as const,
      value,
      labels: { result },
    })),
    { name: "queue_length", value: queued, labels: { queue: "reports" } },
  ];
}
