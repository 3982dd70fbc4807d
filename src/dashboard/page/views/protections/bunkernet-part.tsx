import type { HistoryRange, Protections } from "../../../api.js";
import { number, shortNumber } from "../../format/numbers.js";
import { rangeName } from "../../format/times.js";
import { Badge } from "../../parts/badge.js";
import { Facts } from "../../parts/facts.js";
import { Panel } from "../../parts/panel.js";
import { ProblemList } from "../../parts/problem-list.js";
import { Time } from "../../parts/time.js";

type BunkerNet = NonNullable<Protections["bunkernet"]>;

/** The shared list and this instance's part in it. */
export function BunkerNetPart({ part, range }: { readonly part: BunkerNet; readonly range: HistoryRange }) {
  const { list, reports } = part;
  const problems = [list.problem, reports.problem].filter((problem) => problem !== undefined);
  return (
    <Panel title="BunkerNet" hint={<bdi>{part.server}</bdi>} class="span-4">
      <div class="badges">
        <Badge tone={part.registered ? "ok" : "warn"}>
          {part.registered ? "Registered" : "Not registered"}
        </Badge>
        <Badge tone={part.connected ? "ok" : "danger"}>
          {part.connected ? "Connected" : "Not connected"}
        </Badge>
        {part.quiet && <Badge tone="info">Quiet: nothing is sent</Badge>}
        <Badge tone={list.state === "suspended" ? "danger" : list.state === "none" ? "plain" : "ok"}>
          {list.state === "none" ? "No list yet" : `List ${list.state}`}
        </Badge>
      </div>
      <Facts
        facts={[
          {
            name: "Id",
            value: part.maskedId === undefined ? "–" : <bdi class="mono">{part.maskedId}</bdi>,
            note: "of this instance",
          },
          {
            name: "List",
            value: shortNumber(list.entries),
            note:
              list.checked === undefined ? (
                "addresses"
              ) : (
                <>
                  addresses, checked <Time at={list.checked} as="ago" />
                </>
              ),
          },
          { name: "Blocked", value: shortNumber(part.blocked), note: `requests, ${rangeName(range)}` },
        ]}
      />
      <h3>Reports</h3>
      <Facts
        facts={[
          { name: "Sent", value: number(reports.sent) },
          { name: "Waiting", value: number(reports.waiting) },
          { name: "Lost", value: number(reports.lost) },
        ]}
      />
      <ProblemList problems={problems} />
    </Panel>
  );
}
