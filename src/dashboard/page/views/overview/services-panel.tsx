import type { CountsReport } from "../../../api.js";
import { number } from "../../format/numbers.js";
import { rangeName } from "../../format/times.js";
import { DataTable, type Column } from "../../parts/data-table.js";
import { Panel } from "../../parts/panel.js";
import { Empty } from "../../parts/placeholders.js";
import { ScrollBox } from "../../parts/scroll-box.js";

type Service = CountsReport["now"]["services"][number];

/** The figures of each site. */
export function ServicesPanel({ counts }: { readonly counts: CountsReport }) {
  const figure = (name: string, valueOf: (service: Service) => number): Column<Service> => ({
    name,
    isNumber: true,
    cell: (service) => number(valueOf(service)),
  });
  return (
    <Panel title="Services" hint={rangeName(counts.range)}>
      {counts.now.services.length === 0 ? (
        <Empty title="No request yet" icon="overview">
          Each site of the app will appear here with its figures.
        </Empty>
      ) : (
        <ScrollBox label="Figures by service">
          <DataTable
            isCompact
            label="Figures by service"
            rows={counts.now.services}
            keyOf={({ service }) => service}
            columns={[
              { name: "Service", cell: ({ service }) => <bdi>{service}</bdi> },
              figure("Requests", ({ requests }) => requests),
              figure("Refused", ({ denied }) => denied),
              figure("Challenged", ({ challenged }) => challenged),
              figure("Solved", ({ solved }) => solved),
              figure("Banned", ({ banned }) => banned),
            ]}
          />
        </ScrollBox>
      )}
    </Panel>
  );
}
