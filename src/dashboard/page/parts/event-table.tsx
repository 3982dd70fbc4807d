import type { EventRow } from "../../api.js";
import { EVENT_WORDS, eventWord, kindName, protectionName } from "../format/words.js";
import { AddressLink } from "./address-link.js";
import { Badge } from "./badge.js";
import { DataTable } from "./data-table.js";
import { useEvidence } from "./evidence-column.js";
import { JsonText } from "./json-text.js";
import { ReferenceLink } from "./reference-link.js";
import { Time } from "./time.js";

interface Props {
  readonly events: readonly EventRow[];
  readonly label: string;
  /** Leaves the address out where all events are of one. */
  readonly withoutAddress?: boolean;
}

/** Events in a table, with what is known of each. */
export function EventTable({ events, label, withoutAddress = false }: Props) {
  const evidence = useEvidence<EventRow>(({ key }) => key);
  const hasEvidence = (row: EventRow): boolean => row.evidence !== undefined;
  const address = {
    name: "Address",
    cell: (row: EventRow) => <AddressLink address={row.ip} country={row.country} asn={row.asn} />,
  };
  return (
    <DataTable
      label={label}
      rows={events}
      keyOf={({ key }) => key}
      columns={[
        { name: "Time", cell: ({ time }) => <Time at={time} /> },
        { name: "What", cell: (row) => <EventBadge event={row} /> },
        ...(withoutAddress ? [] : [address]),
        { name: "Why", cell: (row) => <EventReason event={row} /> },
        { name: "Request", cell: (row) => <RequestText event={row} />, class: "request" },
        { name: "Service", cell: ({ service }) => <bdi>{service}</bdi> },
        { name: "Reference", cell: ({ id }) => <ReferenceLink id={id} /> },
        ...(events.some(hasEvidence) ? [evidence.column(hasEvidence)] : []),
      ]}
      below={(row) =>
        evidence.isOpen(row) ? (
          <div class="evidence">
            <JsonText value={row.evidence} label="Evidence" />
          </div>
        ) : undefined
      }
    />
  );
}

/** What happened, in a word. */
export function EventBadge({ event }: { readonly event: EventRow }) {
  return (
    <Badge tone={event.mode === "detect" ? "plain" : EVENT_WORDS[event.type].tone}>{eventWord(event)}</Badge>
  );
}

/** Why it happened. */
export function EventReason({ event }: { readonly event: EventRow }) {
  const name = protectionName(event.protection);
  const repeats = event.reason.toLowerCase() === name.toLowerCase();
  return (
    <span class="reason">
      {name}
      {!repeats && event.reason !== "" && (
        <>
          : <bdi>{event.reason}</bdi>
        </>
      )}
      {event.kind !== undefined && (
        <span class="soft">
          {" "}
          (<bdi>{kindName(event.kind)}</bdi>)
        </span>
      )}
      {event.passHolder === true && <Badge tone="warn">held a pass</Badge>}
      {event.left !== undefined && event.left > 0 && <span class="soft"> +{event.left} older, left out</span>}
    </span>
  );
}

/** The request line, as far as it is known. */
export function RequestText({ event }: { readonly event: EventRow }) {
  if (event.path === undefined) return <span class="soft">–</span>;
  return (
    <span class="mono request-line">
      {event.method !== undefined && (
        <>
          <bdi>{event.method}</bdi>{" "}
        </>
      )}
      <bdi>{event.path}</bdi>
    </span>
  );
}
