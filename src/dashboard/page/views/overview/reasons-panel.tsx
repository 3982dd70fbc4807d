import type { CountsReport } from "../../../api.js";
import { colourOf } from "../../charts/series.js";
import { delta } from "../../format/numbers.js";
import { rangeName } from "../../format/times.js";
import { kindName, refusalName } from "../../format/words.js";
import { BarList } from "../../parts/bar-list.js";
import { Panel } from "../../parts/panel.js";
import { Empty } from "../../parts/placeholders.js";

const SHOWN = 8;

/** Who was refused by what, and what challenges were asked for. */
export function ReasonsPanel({ counts }: { readonly counts: CountsReport }) {
  const { now, before } = counts;
  const earlier = new Map(
    before?.deniedBy.map(({ labels, count }) => [`${labels.protection}|${labels.reason}`, count]),
  );
  const kinds = new Map<string, number>();
  for (const { labels, count } of now.challengedBy)
    kinds.set(labels.kind, (kinds.get(labels.kind) ?? 0) + count);
  return (
    <div class="pair-of-panels">
      <Panel title="Refused by" hint={rangeName(counts.range)}>
        {now.deniedBy.length === 0 ? (
          <Empty title="Nobody was refused">
            Refusals will appear here by protection and reason, the most frequent first.
          </Empty>
        ) : (
          <BarList
            label="Refusals by protection and reason"
            total={now.denied}
            bars={now.deniedBy.slice(0, SHOWN).map(({ labels, count }) => {
              const key = `${labels.protection}|${labels.reason}`;
              return {
                key,
                name: <bdi>{refusalName(labels.protection, labels.reason)}</bdi>,
                count,
                colour: colourOf("refused", key),
                note: delta(count, earlier.get(key)),
              };
            })}
          />
        )}
      </Panel>
      <Panel title="Challenged with" hint={rangeName(counts.range)}>
        {kinds.size === 0 ? (
          <Empty title="Nobody was challenged">
            Challenges will appear here by kind, the most frequent first.
          </Empty>
        ) : (
          <BarList
            label="Challenges by kind"
            total={now.challenged}
            bars={[...kinds]
              .sort(([, one], [, other]) => other - one)
              .slice(0, SHOWN)
              .map(([kind, count]) => ({
                key: kind,
                name: <bdi>{kindName(kind)}</bdi>,
                count,
                colour: colourOf("challenged", kind),
              }))}
          />
        )}
      </Panel>
    </div>
  );
}
