import { useState } from "preact/hooks";
import type { Warning } from "../../../api.js";
import { counted } from "../../format/numbers.js";
import { CopyButton } from "../../parts/copy-button.js";
import { Icon } from "../../parts/icon.js";
import { Time } from "../../parts/time.js";

// The figures stay in sight, however many warnings there are.
const SHOWN = 3;

/** What an operator should look at, on top of everything: alarms first. */
export function Warnings({ warnings }: { readonly warnings: readonly Warning[] }) {
  const [isAll, setAll] = useState(false);
  if (warnings.length === 0) return null;
  const sorted = [...warnings].sort((one, other) => rank(one) - rank(other) || other.last - one.last);
  const shown = isAll ? sorted : sorted.slice(0, SHOWN);
  return (
    <section class="warnings" aria-label="Warnings">
      {shown.map((warning) => (
        <WarningCard key={`${warning.code} ${warning.about}`} warning={warning} />
      ))}
      {sorted.length > SHOWN && (
        <button type="button" class="button small" aria-expanded={isAll} onClick={() => setAll(!isAll)}>
          {isAll ? "Show fewer" : `Show ${counted(sorted.length - SHOWN, "more warning", "more warnings")}`}
        </button>
      )}
    </section>
  );
}

const rank = ({ level }: Warning): number => (level === "alarm" ? 0 : 1);

function WarningCard({ warning }: { readonly warning: Warning }) {
  const { code, about, message, advice, since, last, count, level } = warning;
  return (
    <article class={`warning ${level}`}>
      <Icon name={level === "alarm" ? "alarm" : "info"} />
      <div>
        <p class="warning-text">
          <strong>{level === "alarm" ? "Alarm" : "Notice"}:</strong> <bdi>{message}</bdi>
        </p>
        <p class="warning-facts">
          <code>{code}</code> since <Time at={since} />, {counted(count, "time")}, last{" "}
          <Time at={last} as="ago" />
        </p>
        {advice !== undefined && (
          <div class="advice">
            <pre
              tabIndex={0}
              role="region"
              aria-label={`Options that mend ${code}${about === "" ? "" : `, ${about}`}`}
            >
              <bdi>{advice}</bdi>
            </pre>
            <CopyButton text={advice} />
          </div>
        )}
      </div>
    </article>
  );
}
