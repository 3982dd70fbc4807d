import { useState } from "preact/hooks";
import type { EventRow, EventsPage } from "../../../api.js";
import { withQuery } from "../../api/paths.js";
import { useQuery } from "../../api/use-query.js";
import { duration } from "../../format/times.js";
import { AddressLink } from "../../parts/address-link.js";
import { Badge } from "../../parts/badge.js";
import { DataTable } from "../../parts/data-table.js";
import { useEvidence } from "../../parts/evidence-column.js";
import { JsonText } from "../../parts/json-text.js";
import { Pager } from "../../parts/pager.js";
import { Panel } from "../../parts/panel.js";
import { Empty, Failure, Skeleton } from "../../parts/placeholders.js";
import { ReferenceLink } from "../../parts/reference-link.js";
import { Time } from "../../parts/time.js";

/** Every ban of Bad Behavior that is remembered, with what led to it. */
export function BanHistory() {
  const [after, setAfter] = useState<readonly string[]>([]);
  const path = withQuery("api/events", {
    types: "banned",
    protection: "bad-behavior",
    after: after.at(-1),
    limit: 25,
  });
  const { data, error, isStale, reload } = useQuery<EventsPage>(path, { keep: true, every: 15_000 });
  return (
    <Panel title="History of bans" hint="of Bad Behavior, newest first" class="span-12 flush">
      {error !== undefined && <Failure error={error} retry={reload} />}
      {data === undefined ? (
        error === undefined && <Skeleton lines={6} />
      ) : data.events.length === 0 ? (
        <Empty title="Nobody was banned" icon="bans">
          Bans for too many bad responses will appear here, with the request that was the last one too many.
        </Empty>
      ) : (
        <div class={isStale ? "stale" : undefined} aria-busy={isStale}>
          <HistoryTable events={data.events} />
        </div>
      )}
      <Pager
        page={after.length + 1}
        hasNext={data?.next !== undefined}
        onPrevious={() => setAfter(after.slice(0, -1))}
        onNext={() => {
          if (data?.next !== undefined) setAfter([...after, data.next]);
        }}
      />
    </Panel>
  );
}

function HistoryTable({ events }: { readonly events: readonly EventRow[] }) {
  const evidence = useEvidence<EventRow>(({ key }) => key);
  return (
    <DataTable
      label="Bans of Bad Behavior"
      rows={events}
      keyOf={({ key }) => key}
      columns={[
        { name: "Date", cell: ({ time }) => <Time at={time} /> },
        { name: "Reference", cell: ({ id }) => <ReferenceLink id={id} /> },
        {
          name: "Address",
          class: "main-cell",
          cell: ({ ip, country, asn }) => <AddressLink address={ip} country={country} asn={asn} />,
        },
        { name: "Service", cell: ({ service }) => <bdi>{service}</bdi> },
        {
          name: "Method",
          cell: ({ method }) => (method === undefined ? <Unknown /> : <bdi class="mono">{method}</bdi>),
        },
        {
          name: "Path",
          class: "request",
          cell: ({ path }) => (path === undefined ? <Unknown /> : <bdi class="mono">{path}</bdi>),
        },
        { name: "Status", cell: ({ statuses }) => <Statuses statuses={statuses} /> },
        {
          name: "Scope",
          cell: ({ scope }) => (scope === "global" ? "all services" : "service"),
        },
        { name: "Ban time", cell: (event) => <BanTime event={event} /> },
        {
          name: "Pass",
          cell: ({ passHolder }) =>
            passHolder === true ? <Badge tone="warn">held a pass</Badge> : <span class="soft">none</span>,
        },
        evidence.column(({ evidence: kept }) => kept !== undefined),
      ]}
      below={(event) =>
        evidence.isOpen(event) ? (
          <div class="evidence">
            {event.mode === "detect" && <p class="soft">Detect mode was in force: no ban was written.</p>}
            <JsonText value={event.evidence} label="Evidence" />
          </div>
        ) : undefined
      }
    />
  );
}

function Statuses({ statuses }: { readonly statuses: EventRow["statuses"] }) {
  const all = Object.entries(statuses ?? {});
  if (all.length === 0) return <Unknown />;
  return (
    <span class="statuses">
      {all.map(([status, count]) => (
        <span key={status}>
          {status}
          {count > 1 && <small>×{count}</small>}
        </span>
      ))}
    </span>
  );
}

function BanTime({ event: { expires, time, mode } }: { readonly event: EventRow }) {
  if (mode === "detect") return <span class="soft">none</span>;
  if (expires === undefined) return <Unknown />;
  return <>{expires === null ? "for good" : duration(expires - time)}</>;
}

function Unknown() {
  return <span class="soft">–</span>;
}
