import { useEffect } from "preact/hooks";
import type { EventRow, Reference } from "../../api.js";
import { useQuery } from "../api/use-query.js";
import { eventWord, kindName, protectionName } from "../format/words.js";
import { AddressLink } from "../parts/address-link.js";
import { EventTable } from "../parts/event-table.js";
import { JsonText } from "../parts/json-text.js";
import { Panel } from "../parts/panel.js";
import { Empty, Failure, Skeleton } from "../parts/placeholders.js";
import { Remaining, Time } from "../parts/time.js";
import { banChanges } from "../state/changes.js";
import { BanActions } from "./bans/ban-actions.js";
import { BanReason } from "./bans/ban-table.js";

/** Why the visitor who reads this id off a page of ours was refused. */
export function ReferenceView({ id }: { readonly id: string }) {
  const path = id === "" ? undefined : `api/references/${encodeURIComponent(id)}`;
  const { data, error, reload } = useQuery<Reference>(path, { keep: true });
  useEffect(() => {
    if (banChanges.value > 0) reload();
  }, [banChanges.value]);
  const isUnknown = error?.status === 404;
  return (
    <div class="view">
      <div class="view-head">
        <h1>
          Reference <bdi class="mono">{id}</bdi>
        </h1>
      </div>
      {error !== undefined && !isUnknown && <Failure error={error} retry={reload} />}
      {(isUnknown && data === undefined) || id === "" ? (
        <div class="panel">
          <Empty
            title={id === "" ? "No reference id was given" : "Nothing is known of this id"}
            icon="search"
          >
            Type the id as it stands on the visitor's page into the field on top. Ids of events that are long
            past are forgotten; the log may have them.
          </Empty>
        </div>
      ) : data === undefined ? (
        error === undefined && (
          <div class="panel">
            <Skeleton lines={5} />
          </div>
        )
      ) : (
        <Known data={data} />
      )}
    </div>
  );
}

function Known({ data: { events, ban } }: { readonly data: Reference }) {
  const first = events[0];
  return (
    <div class="grid">
      {first !== undefined && (
        <Panel title="Why" class={ban === undefined ? "span-12" : "span-6"}>
          <Why event={first} />
        </Panel>
      )}
      {ban !== undefined && (
        <Panel title="Banned now" class="span-6">
          <p>
            <AddressLink address={ban.address} country={ban.country} asn={ban.asn} /> <BanReason ban={ban} />
          </p>
          <p class="soft">
            Since <Time at={ban.date} />, remaining: <Remaining until={ban.expires} />
          </p>
          <div class="actions">
            <BanActions ban={ban} />
          </div>
          <details class="evidence">
            <summary>Evidence</summary>
            <JsonText value={ban.evidence} label="Evidence of the ban" />
          </details>
        </Panel>
      )}
      <Panel title="Events with this id" class="span-12 flush">
        <EventTable events={events} label="Events with this id" />
      </Panel>
    </div>
  );
}

function Why({ event }: { readonly event: EventRow }) {
  const name = protectionName(event.protection);
  return (
    <>
      <p class="why">
        {eventWord(event)} by {event.protection === "bans" ? "a ban" : name}
        {event.reason !== "" && event.reason.toLowerCase() !== name.toLowerCase() && (
          <>
            : <bdi>{event.reason}</bdi>
          </>
        )}
        {event.kind !== undefined && <> ({kindName(event.kind)})</>}
      </p>
      <dl class="why-facts">
        <dt>When</dt>
        <dd>
          <Time at={event.time} as="full" />
        </dd>
        <dt>Client</dt>
        <dd>
          <AddressLink address={event.ip} country={event.country} asn={event.asn} />
        </dd>
        <dt>Service</dt>
        <dd>
          <bdi>{event.service}</bdi>
        </dd>
        {event.path !== undefined && (
          <>
            <dt>Request</dt>
            <dd class="mono">
              <bdi>{event.method ?? ""}</bdi> <bdi>{event.path}</bdi>
            </dd>
          </>
        )}
        {event.mode === "detect" && (
          <>
            <dt>Mode</dt>
            <dd>Detect: the request passed, and this was noted only.</dd>
          </>
        )}
      </dl>
    </>
  );
}
