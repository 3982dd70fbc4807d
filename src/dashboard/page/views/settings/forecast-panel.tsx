import type { Settings } from "../../../api.js";
import { number, share } from "../../format/numbers.js";
import { rangeName } from "../../format/times.js";
import { kindName, refusalName } from "../../format/words.js";
import { BarList, type Bar } from "../../parts/bar-list.js";
import { DataTable } from "../../parts/data-table.js";
import { Facts } from "../../parts/facts.js";
import { Panel } from "../../parts/panel.js";
import { Empty } from "../../parts/placeholders.js";
import { ScrollBox } from "../../parts/scroll-box.js";

type Forecast = Settings["forecast"];

/** What block mode would have done where detect mode let requests pass. */
export function ForecastPanel({ forecast }: { readonly forecast: Forecast }) {
  const { requests, wouldDeny, wouldChallenge, wouldBan, services } = forecast;
  const isEmpty = wouldDeny + wouldChallenge + wouldBan === 0;
  const part = (value: number): string | undefined =>
    requests > 0 ? `${share(value / requests)} of ${number(requests)} requests` : undefined;
  return (
    <Panel
      title="What block mode would have done"
      hint={`${rangeName(forecast.range)}, where detect mode let requests pass`}
      class="span-8"
    >
      {isEmpty ? (
        <Empty title="Nothing to foretell" icon="eye">
          While detect mode is in force, what block mode would have done will appear here, from live traffic.
        </Empty>
      ) : (
        <>
          <Facts
            facts={[
              { name: "Refused", value: number(wouldDeny), note: part(wouldDeny) },
              { name: "Challenged", value: number(wouldChallenge), note: part(wouldChallenge) },
              { name: "Banned", value: number(wouldBan), note: "clients" },
            ]}
          />
          <div class="thirds">
            <Reasons
              title="Refused by"
              bars={forecast.denyBy.map(({ protection, reason, count }) => ({
                key: `${protection}|${reason}`,
                name: <bdi>{refusalName(protection, reason)}</bdi>,
                count,
              }))}
            />
            <Reasons
              title="Challenged with"
              bars={forecast.challengeBy.map(({ kind, reason, count }) => ({
                key: `${kind}|${reason}`,
                name: (
                  <bdi>
                    {kindName(kind)}: {reason}
                  </bdi>
                ),
                count,
              }))}
            />
            <Reasons
              title="Banned for"
              bars={forecast.banBy.map(({ reason, count }) => ({
                key: reason,
                name: <bdi>{reason}</bdi>,
                count,
              }))}
            />
          </div>
          {services.length > 1 && (
            <ScrollBox label="Forecast by service">
              <DataTable
                isCompact
                label="Forecast by service"
                rows={services}
                keyOf={({ service }) => service}
                columns={[
                  { name: "Service", cell: ({ service }) => <bdi>{service}</bdi> },
                  { name: "Requests", isNumber: true, cell: (row) => number(row.requests) },
                  { name: "Refused", isNumber: true, cell: (row) => number(row.wouldDeny) },
                  { name: "Challenged", isNumber: true, cell: (row) => number(row.wouldChallenge) },
                  { name: "Banned", isNumber: true, cell: (row) => number(row.wouldBan) },
                ]}
              />
            </ScrollBox>
          )}
        </>
      )}
    </Panel>
  );
}

function Reasons({ title, bars }: { readonly title: string; readonly bars: readonly Bar[] }) {
  return (
    <div>
      <h3>{title}</h3>
      {bars.length === 0 ? <p class="soft">None.</p> : <BarList label={title} bars={bars.slice(0, 6)} />}
    </div>
  );
}
