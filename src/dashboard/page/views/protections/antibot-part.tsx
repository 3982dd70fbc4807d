import type { HistoryRange, Protections } from "../../../api.js";
import { number, share, shortNumber } from "../../format/numbers.js";
import { rangeName, seconds } from "../../format/times.js";
import { kindName } from "../../format/words.js";
import { BarList } from "../../parts/bar-list.js";
import { DataTable } from "../../parts/data-table.js";
import { Facts } from "../../parts/facts.js";
import { Panel } from "../../parts/panel.js";
import { Empty } from "../../parts/placeholders.js";
import { ScrollBox } from "../../parts/scroll-box.js";

type Antibot = NonNullable<Protections["antibot"]>;
type Kind = Antibot["kinds"][number];

/** What became of challenges, by kind. */
export function AntibotPart({ part, range }: { readonly part: Antibot; readonly range: HistoryRange }) {
  const issued = part.kinds.reduce((sum, kind) => sum + kind.issued, 0);
  const solved = part.kinds.reduce((sum, kind) => sum + kind.solved, 0);
  return (
    <Panel title="Antibot" hint={rangeName(range)} class="span-8">
      <Facts
        facts={[
          { name: "Challenge", value: <bdi>{kindName(part.challenge)}</bdi>, note: "for most visitors" },
          { name: "Issued", value: shortNumber(issued) },
          {
            name: "Solved",
            value: part.solveRate === undefined ? "–" : share(part.solveRate),
            note: `${shortNumber(solved)} challenges`,
          },
          {
            name: "Median time",
            value: part.medianSolveTime === undefined ? "–" : seconds(part.medianSolveTime),
            note: "to solve one",
          },
        ]}
      />
      <div class="halves">
        <div>
          {" "}
          {part.kinds.length === 0 ? (
            <Empty title="No challenge was shown">
              Each kind will appear here when visitors see its page, with how many were solved, failed and
              abandoned.
            </Empty>
          ) : (
            <>
              <ScrollBox label="Challenges by kind">
                <DataTable
                  isCompact
                  label="Challenges by kind"
                  rows={part.kinds}
                  keyOf={({ kind }) => kind}
                  columns={[
                    { name: "Kind", cell: ({ kind }) => <bdi>{kindName(kind)}</bdi> },
                    { name: "Issued", isNumber: true, cell: (kind) => number(kind.issued) },
                    { name: "Solved", isNumber: true, cell: (kind) => number(kind.solved) },
                    { name: "Failed", isNumber: true, cell: (kind) => number(kind.failed) },
                    { name: "Abandoned", isNumber: true, cell: (kind) => number(kind.abandoned) },
                  ]}
                  below={(kind) => <Funnel kind={kind} />}
                />
              </ScrollBox>
              <ul class="key">
                <li>
                  <i class="swatch ok-fill" /> solved
                </li>
                <li>
                  <i class="swatch warn-fill" /> failed
                </li>
                <li>
                  <i class="swatch idle-fill" /> abandoned
                </li>
              </ul>
            </>
          )}
        </div>
        <div>
          {" "}
          <h3 class="first">Excused, and why</h3>
          {part.excused.length === 0 ? (
            <p class="soft">
              No request was excused from the gate. The exemptions that let requests pass will appear here.
            </p>
          ) : (
            <BarList
              label="Excused requests by exemption"
              bars={part.excused.map(({ item, count }) => ({ key: item, name: <bdi>{item}</bdi>, count }))}
            />
          )}
        </div>
      </div>
    </Panel>
  );
}

function Funnel({ kind }: { readonly kind: Kind }) {
  const all = Math.max(1, kind.solved + kind.failed + kind.abandoned);
  const solved = (100 * kind.solved) / all;
  const failed = (100 * kind.failed) / all;
  return (
    <svg class="funnel" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="fill idle-fill" width="100" height="4" />
      <rect class="fill ok-fill" width={solved} height="4" />
      <rect class="fill warn-fill" x={solved} width={failed} height="4" />
    </svg>
  );
}
