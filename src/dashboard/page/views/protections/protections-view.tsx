import type { Protections } from "../../../api.js";
import { withQuery } from "../../api/paths.js";
import { useQuery } from "../../api/use-query.js";
import { rangeOf } from "../../format/times.js";
import { Empty, Failure, LoadingPanels } from "../../parts/placeholders.js";
import { PeriodHead } from "../../parts/period-head.js";
import { route } from "../../state/route.js";
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
      <PeriodHead title="Protections" range={range} />
      {error !== undefined && <Failure error={error} retry={reload} />}
      {data === undefined ? (
        error === undefined && <LoadingPanels spans={[8, 4, 12]} />
      ) : (
        <Parts data={data} isStale={isStale} />
      )}
    </div>
  );
}

function Parts({ data, isStale }: { readonly data: Protections; readonly isStale: boolean }) {
  const { antibot, dnsbl, bunkernet, badBehavior } = data;
  return (
    <div class={isStale ? "grid stale" : "grid"} aria-busy={isStale}>
      {antibot === undefined ? (
        <Off name="Antibot" option="antibot" class="span-8" />
      ) : (
        <AntibotPart part={antibot} range={data.range} />
      )}
      {bunkernet === undefined ? (
        <Off name="BunkerNet" option="bunkernet" class="span-4" />
      ) : (
        <BunkerNetPart part={bunkernet} range={data.range} />
      )}
      {dnsbl === undefined ? <Off name="DNSBL" option="dnsbl" class="span-12" /> : <DnsblPart part={dnsbl} />}
      {badBehavior === undefined ? (
        <Off name="Bad Behavior" option="badBehavior" class="span-12" />
      ) : (
        <BadBehaviorPart part={badBehavior} counts={data.counts} range={data.range} />
      )}
    </div>
  );
}

interface OffProps {
  readonly name: string;
  readonly option: string;
  readonly class: string;
}

function Off({ name, option, class: width }: OffProps) {
  return (
    <section class={`panel ${width}`} aria-label={name}>
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
