import { useState } from "preact/hooks";
import type { AddressDetails } from "../../../api.js";
import { addressPath } from "../../api/paths.js";
import { useQuery } from "../../api/use-query.js";
import { Badge, type Tone } from "../../parts/badge.js";
import { Icon } from "../../parts/icon.js";
import { Panel } from "../../parts/panel.js";
import { Failure, Skeleton } from "../../parts/placeholders.js";

type Lookups = NonNullable<AddressDetails["lookups"]>;
const TONES: Readonly<Record<Lookups["zones"][number]["verdict"], Tone>> = {
  listed: "danger",
  clean: "ok",
  error: "warn",
};

/** What DNS says of an address; asked only on demand. */
export function LookupPanel({ address }: { readonly address: string }) {
  const [isAsked, setAsked] = useState(false);
  const { data, error, isLoading, reload } = useQuery<AddressDetails>(
    isAsked ? addressPath(address, { lookup: 1 }) : undefined,
    { keep: true },
  );
  return (
    <Panel
      title="DNS"
      hint="names and blocklists"
      actions={
        <button
          type="button"
          class="button small"
          disabled={isLoading}
          onClick={() => {
            if (isAsked) reload();
            else setAsked(true);
          }}
        >
          <Icon name={isAsked ? "refresh" : "search"} />
          {isAsked ? "Ask again" : "Ask DNS"}
        </button>
      }
    >
      <div aria-live="polite">
        {error !== undefined && <Failure error={error} />}
        {data?.lookups !== undefined ? (
          <Answers lookups={data.lookups} />
        ) : isLoading ? (
          <Skeleton lines={4} />
        ) : (
          <p class="soft">
            The name of the address, whether it is confirmed, and the answer of each zone will appear here
            when you ask for them.
          </p>
        )}
      </div>
    </Panel>
  );
}

function Answers({ lookups: { names, zones } }: { readonly lookups: Lookups }) {
  return (
    <>
      <h3>Names</h3>
      {names === undefined ? (
        <p class="soft">DNS did not answer.</p>
      ) : names.length === 0 ? (
        <p class="soft">It has no name.</p>
      ) : (
        <ul class="answers">
          {names.map(({ name, confirmed }) => (
            <li key={name}>
              <bdi class="mono">{name}</bdi>
              <Badge tone={confirmed ? "ok" : "warn"}>{confirmed ? "confirmed" : "not confirmed"}</Badge>
            </li>
          ))}
        </ul>
      )}
      <h3>Zones</h3>
      {zones.length === 0 ? (
        <p class="soft">No zone is configured.</p>
      ) : (
        <ul class="answers">
          {zones.map(({ zone, verdict, code, text }) => (
            <li key={zone}>
              <bdi class="mono">{zone}</bdi>
              <Badge tone={TONES[verdict]}>{verdict}</Badge>
              {(code !== undefined || text !== undefined) && (
                <span class="soft">
                  {code !== undefined && <bdi class="mono">{code}</bdi>}{" "}
                  {text !== undefined && <bdi>{text}</bdi>}
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
