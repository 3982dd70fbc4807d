import type { ComponentChildren } from "preact";
import type { HistoryRange, PeriodCounts, Protections, Ranked } from "../../../api.js";
import { shortNumber } from "../../format/numbers.js";
import { rangeName } from "../../format/times.js";
import { AddressLink } from "../../parts/address-link.js";
import { BarList } from "../../parts/bar-list.js";
import { Facts } from "../../parts/facts.js";
import { Panel } from "../../parts/panel.js";
import { Time } from "../../parts/time.js";
import { BanHistory } from "./ban-history.js";

type BadBehavior = NonNullable<Protections["badBehavior"]>;

interface Props {
  readonly part: BadBehavior;
  readonly counts: PeriodCounts;
  readonly range: HistoryRange;
}

/** What counted as bad, and who was banned for it. */
export function BadBehaviorPart({ part, counts, range }: Props) {
  return (
    <>
      <Panel title="Bad Behavior" hint={rangeName(range)} class="span-12">
        <Facts
          facts={[
            { name: "Banned", value: shortNumber(part.banned), note: "clients" },
            { name: "Bad responses", value: shortNumber(counts.badResponses), note: "that counted" },
            { name: "Would be banned", value: shortNumber(counts.wouldBan), note: "in detect mode" },
          ]}
        />
        <p class="soft">
          Most frequent since <Time at={part.from} />:
        </p>
        <div class="thirds">
          <Ranking title="Statuses" items={part.statuses} nameOf={({ item }) => <bdi>{item}</bdi>} />
          <Ranking
            title="Addresses"
            items={part.addresses}
            nameOf={({ item, country, asn }) => <AddressLink address={item} country={country} asn={asn} />}
          />
          <Ranking title="Paths" items={part.paths} nameOf={({ item }) => <bdi class="mono">{item}</bdi>} />
        </div>
      </Panel>
      <BanHistory />
    </>
  );
}

interface RankingProps {
  readonly title: string;
  readonly items: readonly Ranked[];
  readonly nameOf: (item: Ranked) => ComponentChildren;
}

function Ranking({ title, items, nameOf }: RankingProps) {
  return (
    <div>
      <h3>{title}</h3>
      {items.length === 0 ? (
        <p class="soft">None yet.</p>
      ) : (
        <BarList
          label={`Bad responses: ${title.toLowerCase()}`}
          bars={items.slice(0, 10).map((item) => ({ key: item.item, name: nameOf(item), count: item.count }))}
        />
      )}
    </div>
  );
}
