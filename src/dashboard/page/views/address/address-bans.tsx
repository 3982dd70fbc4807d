import type { AddressDetails } from "../../../api.js";
import { serviceName } from "../../format/words.js";
import { AddressLink } from "../../parts/address-link.js";
import { JsonText } from "../../parts/json-text.js";
import { Panel } from "../../parts/panel.js";
import { Empty } from "../../parts/placeholders.js";
import { Remaining, Time } from "../../parts/time.js";
import { BanActions } from "../bans/ban-actions.js";
import { BanReason } from "../bans/ban-table.js";

/** Bans of an address, of ranges around it, and of what is in it. */
export function AddressBans({ data }: { readonly data: AddressDetails }) {
  return (
    <Panel
      title="Bans"
      hint={data.isRange ? "of the range, around it, and in it" : "of the address and of ranges around it"}
    >
      {data.bans.length === 0 ? (
        <Empty title="No ban is in force" icon="shield">
          Bans that hold for this {data.isRange ? "range" : "address"} will appear here, with their evidence.
        </Empty>
      ) : (
        <ul class="ban-cards">
          {data.bans.map((ban) => (
            <li key={`${ban.address} ${ban.scope} ${ban.service}`}>
              <div class="ban-card-head">
                {ban.address === data.address ? (
                  <bdi class="mono">{ban.address}</bdi>
                ) : (
                  <AddressLink address={ban.address} />
                )}
                <BanReason ban={ban} />
              </div>
              <p class="soft">
                At <bdi>{ban.scope === "global" ? "all services" : serviceName(ban.service)}</bdi>, since{" "}
                <Time at={ban.date} />, remaining: <Remaining until={ban.expires} />
              </p>
              <div class="actions">
                <BanActions ban={ban} />
              </div>
              <details class="evidence">
                <summary>Evidence</summary>
                <JsonText value={ban.evidence} label={`Evidence of the ban on ${ban.address}`} />
              </details>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
