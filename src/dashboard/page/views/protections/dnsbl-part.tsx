import type { Protections } from "../../../api.js";
import { number } from "../../format/numbers.js";
import { Badge, type Tone } from "../../parts/badge.js";
import { DataTable } from "../../parts/data-table.js";
import { Facts } from "../../parts/facts.js";
import { Panel } from "../../parts/panel.js";
import { Empty } from "../../parts/placeholders.js";

type Dnsbl = NonNullable<Protections["dnsbl"]>;
type Zone = Dnsbl["zones"][number];

const TONES: Readonly<Record<Zone["state"], Tone>> = { good: "ok", untested: "plain", suspended: "danger" };

/** What each zone answered, and how fast. */
export function DnsblPart({ part }: { readonly part: Dnsbl }) {
  return (
    <Panel title="DNSBL" hint="since this process started" class="span-12">
      {part.zones.length === 0 ? (
        <Empty title="No zone is configured" icon="protections">
          Each zone will appear here with its answers.
        </Empty>
      ) : (
        <DataTable
          label="Zones"
          rows={part.zones}
          keyOf={({ zone }) => zone}
          columns={[
            { name: "Zone", class: "main-cell", cell: ({ zone }) => <bdi class="mono">{zone}</bdi> },
            {
              name: "State",
              cell: (zone) => (
                <>
                  <Badge tone={TONES[zone.state]}>{zone.state}</Badge>
                  {zone.ipv6 === false && <Badge>IPv4 only</Badge>}
                </>
              ),
            },
            { name: "Asked", isNumber: true, cell: ({ asked }) => number(asked) },
            { name: "Listed", isNumber: true, cell: ({ listed }) => number(listed) },
            { name: "Clean", isNumber: true, cell: ({ clean }) => number(clean) },
            { name: "Errors", isNumber: true, cell: ({ errors }) => <Errors errors={errors} /> },
            {
              name: "Latency",
              isNumber: true,
              cell: ({ latency }) =>
                latency === undefined ? (
                  <span class="soft">–</span>
                ) : (
                  <span title="median, 95th percentile">
                    {Math.round(latency.p50)} ms, {Math.round(latency.p95)} ms
                  </span>
                ),
            },
          ]}
          below={({ problem }) =>
            problem === undefined ? undefined : (
              <p class="problem">
                <bdi>{problem}</bdi>
              </p>
            )
          }
        />
      )}
      <Facts
        facts={[
          { name: "In flight", value: number(part.inFlight), note: "look-ups just now" },
          { name: "Shed", value: number(part.shed), note: "too many at once" },
          { name: "Late", value: number(part.late), note: "passed before the answer came" },
          { name: "Remembered", value: number(part.remembered), note: "answers in the cache" },
        ]}
      />
    </Panel>
  );
}

function Errors({ errors }: { readonly errors: Zone["errors"] }) {
  const all = Object.entries(errors).filter(([, count]) => count > 0);
  if (all.length === 0) return <>0</>;
  const sum = all.reduce((total, [, count]) => total + count, 0);
  return (
    <span class="errors">
      {number(sum)} <small>{all.map(([code, count]) => `${code} ${number(count)}`).join(", ")}</small>
    </span>
  );
}
