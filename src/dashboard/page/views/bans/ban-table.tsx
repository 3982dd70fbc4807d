import type { AddressDetails, BanRow } from "../../../api.js";
import { addressPath } from "../../api/paths.js";
import { useQuery } from "../../api/use-query.js";
import { serviceName } from "../../format/words.js";
import { AddressLink } from "../../parts/address-link.js";
import { Badge } from "../../parts/badge.js";
import { DataTable } from "../../parts/data-table.js";
import { useEvidence } from "../../parts/evidence-column.js";
import { JsonText } from "../../parts/json-text.js";
import { Failure, Skeleton } from "../../parts/placeholders.js";
import { Remaining, Time } from "../../parts/time.js";
import { BanActions } from "./ban-actions.js";

const keyOf = ({ address, scope, service }: BanRow): string => `${address} ${scope} ${service}`;

/** Bans in force, each with what can be done about it; the evidence is read when it is asked for. */
export function BanTable({ bans }: { readonly bans: readonly BanRow[] }) {
  const evidence = useEvidence(keyOf);
  return (
    <DataTable
      label="Bans in force, newest first"
      rows={bans}
      keyOf={keyOf}
      columns={[
        {
          name: "Address",
          class: "main-cell",
          cell: (ban) => <AddressLink address={ban.address} country={ban.country} asn={ban.asn} />,
        },
        { name: "Reason", cell: (ban) => <BanReason ban={ban} /> },
        {
          name: "Service",
          cell: ({ scope, service }) => (
            <bdi>{scope === "global" ? "all services" : serviceName(service)}</bdi>
          ),
        },
        { name: "Since", cell: ({ date }) => <Time at={date} /> },
        { name: "Remaining", cell: ({ expires }) => <Remaining until={expires} /> },
        {
          name: "Actions",
          hideName: true,
          isWhole: true,
          class: "actions",
          cell: (ban) => (
            <>
              {evidence.button(ban)}
              <BanActions ban={ban} />
            </>
          ),
        },
      ]}
      below={(ban) => (evidence.isOpen(ban) ? <Evidence ban={ban} /> : undefined)}
    />
  );
}

/** Why a ban is in force, and what sort of ban it is. */
export function BanReason({ ban }: { readonly ban: BanRow }) {
  return (
    <span class="reason">
      <bdi>{ban.reason}</bdi>
      {ban.action === "challenge" && <Badge tone="info">challenge only</Badge>}
      {ban.kind === "merged" && <Badge>whole network</Badge>}
      {ban.kind === "held" && <Badge>held</Badge>}
    </span>
  );
}

function Evidence({ ban }: { readonly ban: BanRow }) {
  const { data, error, reload } = useQuery<AddressDetails>(addressPath(ban.address));
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (data === undefined) return <Skeleton lines={3} />;
  const same = data.bans.find((other) => keyOf(other) === keyOf(ban));
  return (
    <div class="evidence">
      <JsonText value={same?.evidence} label={`Evidence of the ban on ${ban.address}`} />
    </div>
  );
}
