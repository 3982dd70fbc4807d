import type { CountsReport } from "../../api.js";
import { number } from "../format/numbers.js";
import { DataTable, type Column } from "../parts/data-table.js";
import { Time } from "../parts/time.js";
import { groupPoints, sumOf, type PointGroup } from "./grouped-points.js";
import type { Series } from "./series.js";

/** The figures of the chart, newest first. */
export function TrafficTable({
  counts,
  series,
}: {
  readonly counts: CountsReport;
  readonly series: readonly Series[];
}) {
  const { groups } = groupPoints(counts, 120);
  const figure = (name: string, value: (group: PointGroup) => number): Column<PointGroup> => ({
    name,
    isNumber: true,
    cell: (group) => number(value(group)),
  });
  return (
    <DataTable
      isCompact
      label="Requests, refusals by reason and challenges by kind"
      rows={[...groups].reverse()}
      keyOf={({ time }) => time}
      columns={[
        { name: "From", cell: ({ time }) => <Time at={time} /> },
        figure("Requests", (group) => sumOf(group, (point) => point.requests)),
        figure("Refused", (group) => sumOf(group, (point) => point.denied)),
        figure("Challenged", (group) => sumOf(group, (point) => point.challenged)),
        ...series.map(({ name, valueOf }) => figure(name, (group) => sumOf(group, valueOf))),
      ]}
    />
  );
}
