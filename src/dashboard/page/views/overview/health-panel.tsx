import type { PartHealth } from "../../../api.js";
import { protectionName } from "../../format/words.js";
import { Badge } from "../../parts/badge.js";
import { Panel } from "../../parts/panel.js";
import { ProblemList } from "../../parts/problem-list.js";

/** How every part is. */
export function HealthPanel({ health }: { readonly health: readonly PartHealth[] }) {
  const bad = health.filter(({ ok }) => !ok).length;
  return (
    <Panel title="Health" hint={bad === 0 ? "all parts work" : `${bad} of ${health.length} need a look`}>
      <ul class="health">
        {health.map(({ name, ok, problems }) => (
          <li key={name}>
            <span>{protectionName(name)}</span>
            <Badge tone={ok ? "ok" : "danger"}>{ok ? "Works" : "Degraded"}</Badge>
            <ProblemList problems={problems} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
