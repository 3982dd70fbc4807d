import type { Protections } from "../../../api.js";
import { withQuery } from "../../api/paths.js";
import { useQuery } from "../../api/use-query.js";
import { RANGES, rangeOf } from "../../format/times.js";
import { Empty, Failure, Skeleton } from "../../parts/placeholders.js";
import { Segments } from "../../parts/segments.js";
import { route, setQuery } from "../../state/route.js";
import { AntibotPart } from "./antibot-part.js";
import { BadBehaviorPart } from "./bad-behavior-part.js";
import { BunkerNetPart } from "./bunkernet-part.js";
import { DnsblPart } from "./dnsbl-part.js";

/** What each protection did and how it is. */
export function ProtectionsView() {
  const range = rangeOf(route.value.query["range"] ?? "24h");
  const { data, error, isStale, reload } = useQuery<Protections>(withQuery("api/protections", { range }), {
    every: 15_000,
    keep: true,
  });
  return (
    <div class="view">
      <div class="view-head">
        <h1>Protections</h1>
        <Segments
          label="Period"
          options={RANGES}
          value={range}
          onChange={(chosen) => setQuery({ range: chosen })}
        />
      </div>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {data === undefined ? error === undefined && <Loading /> : <Parts data={data} isStale={isStale} />}
    </div>
  );
}

function Parts({ data, isStale }: { readonly data: Protections; readonly isStale: boolean }) {
  const { antibot, dnsbl, bunkernet, badBehavior } = data;
  return (
    <div class={isStale ? "grid stale" : "grid"} aria-busy={isStale}>
      {antibot === undefined ? (
        <Off name="Antibot" option="antibot" />
      ) : (
        <AntibotPart part={antibot} range={data.range} />
      )}
      {bunkernet === undefined ? (
        <Off name="BunkerNet" option="bunkernet" />
      ) : (
        <BunkerNetPart part={bunkernet} range={data.range} />
      )}
      {dnsbl === undefined ? <Off name="DNSBL" option="dnsbl" /> : <DnsblPart part={dnsbl} />}
      {badBehavior === undefined ? (
        <Off name="Bad Behavior" option="badBehavior" />
      ) : (
        <BadBehaviorPart part={badBehavior} counts={data.counts} range={data.range} />
      )}
    </div>
  );
}

function Off({ name, option }: { readonly name: string; readonly option: string }) {
  return (
    <section class="panel span-6" aria-label={name}>
      <header class="panel-head">
        <h2>{name}</h2>
        <p class="hint">off</p>
      </header>
      <Empty title={`${name} is off`} icon="protections">
        The option <code>{option}</code> turns it on; its figures will appear here.
      </Empty>
    </section>
  );
}

function Loading() {
  return (
    <div class="grid">
      {Array.from({ length: 4 }, (_, at) => (
        <div key={at} class="panel span-6">
          <Skeleton tall />
        </div>
      ))}
    </div>
  );
}
