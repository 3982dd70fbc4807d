import { useEffect, useState } from "preact/hooks";
import type { AddressDetails } from "../../../api.js";
import { addressPath } from "../../api/paths.js";
import { useQuery } from "../../api/use-query.js";
import { countryName } from "../../parts/address-link.js";
import { Badge } from "../../parts/badge.js";
import { EventTable } from "../../parts/event-table.js";
import { Icon } from "../../parts/icon.js";
import { Panel } from "../../parts/panel.js";
import { Empty, Failure, LoadingPanels } from "../../parts/placeholders.js";
import { banChanges } from "../../state/changes.js";
import { AddBanDialog } from "../bans/add-ban-dialog.js";
import { AddressBans } from "./address-bans.js";
import { Counters } from "./counters.js";
import { ExplainPanel } from "./explain-panel.js";
import { LookupPanel } from "./lookup-panel.js";

/** Everything that is known of an address or a range. */
export function AddressView({ address }: { readonly address: string }) {
  const [isAdding, setAdding] = useState(false);
  const { data, error, reload } = useQuery<AddressDetails>(
    address === "" ? undefined : addressPath(address),
    { keep: true, every: 15_000 },
  );
  useEffect(() => {
    if (banChanges.value > 0) reload();
  }, [banChanges.value]);
  if (address === "")
    return (
      <div class="view">
        <h1>Address</h1>
        <Empty title="No address was given" icon="search">
          Type an address or a range into the field on top.
        </Empty>
      </div>
    );
  return (
    <div class="view">
      <div class="view-head">
        <h1>
          <bdi class="mono">{data?.address ?? address}</bdi>
        </h1>
        {data !== undefined && <AddressBadges data={data} />}
        <div class="view-actions">
          <button type="button" class="button primary" onClick={() => setAdding(true)}>
            <Icon name="bans" />
            Ban
          </button>
        </div>
      </div>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {data === undefined ? error === undefined && <LoadingPanels spans={[8, 4]} /> : <Details data={data} />}
      {isAdding && <AddBanDialog address={data?.address ?? address} onClose={() => setAdding(false)} />}
    </div>
  );
}

function AddressBadges({ data }: { readonly data: AddressDetails }) {
  const { isRange, country, asn, bunkernet } = data;
  const isBanned = data.bans.some(
    (ban) => ban.action === "deny" && !(isRange && ban.address !== data.address),
  );
  return (
    <div class="badges">
      <Badge tone={isBanned ? "danger" : "ok"}>{isBanned ? "Banned" : "Not banned"}</Badge>
      <Badge>{isRange ? "Range" : "Single address"}</Badge>
      {country !== undefined && (
        <Badge>
          <bdi>{country}</bdi> {countryName(country)}
        </Badge>
      )}
      {asn !== undefined && <Badge>AS{asn}</Badge>}
      {bunkernet !== undefined && (
        <Badge tone={bunkernet.listed ? "danger" : "plain"}>
          {bunkernet.listed ? "Listed by BunkerNet" : "Not listed by BunkerNet"}
        </Badge>
      )}
    </div>
  );
}

function Details({ data }: { readonly data: AddressDetails }) {
  return (
    <div class="grid">
      <div class="column span-8">
        <AddressBans data={data} />
        {!data.isRange && <ExplainPanel address={data.address} />}
      </div>
      <div class="column span-4">
        <Counters counters={data.counters} />
        {!data.isRange && <LookupPanel address={data.address} />}
      </div>
      <Panel title="Recent events" hint="newest first" class="span-12 flush">
        {data.events.length === 0 ? (
          <Empty title="No events are remembered" icon="clock">
            Refusals, challenges and bans of this {data.isRange ? "range" : "address"} will appear here.
          </Empty>
        ) : (
          <EventTable events={data.events} label="Recent events" withoutAddress={!data.isRange} />
        )}
      </Panel>
    </div>
  );
}
