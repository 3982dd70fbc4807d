import { AddressLink } from "../../parts/address-link.js";
import { EventBadge, EventReason, RequestText } from "../../parts/event-table.js";
import { Panel } from "../../parts/panel.js";
import { Empty } from "../../parts/placeholders.js";
import { ReferenceLink } from "../../parts/reference-link.js";
import { Time } from "../../parts/time.js";
import { recentEvents } from "../../state/stream.js";

/** What happens, as it happens. */
export function Ticker() {
  const events = recentEvents.value;
  return (
    <Panel title="Events" hint="newest first" class="ticker-panel">
      {events.length === 0 ? (
        <Empty title="Nothing happened yet" icon="clock">
          Refusals, challenges that failed, bans and warnings will appear here as they happen.
        </Empty>
      ) : (
        <ol class="ticker" tabIndex={0} role="list" aria-label="Recent events">
          {events.map((event) => (
            <li key={event.key}>
              <p class="ticker-head">
                <EventBadge event={event} />
                <Time at={event.time} />
              </p>
              {event.ip !== "" && (
                <p>
                  <AddressLink address={event.ip} country={event.country} asn={event.asn} />
                  {event.id !== "" && (
                    <>
                      {" "}
                      <ReferenceLink id={event.id} />
                    </>
                  )}
                </p>
              )}
              <p>
                <EventReason event={event} />
              </p>
              {event.path !== undefined && (
                <p class="soft">
                  <RequestText event={event} />
                </p>
              )}
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
