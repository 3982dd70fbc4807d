import type { Warning } from "../../../api.js";
import { counted } from "../../format/numbers.js";
import { CopyButton } from "../../parts/copy-button.js";
import { Icon } from "../../parts/icon.js";
import { Time } from "../../parts/time.js";

/** What an operator should look at, on top of everything: alarms first. */
export function Warnings({ warnings }: { readonly warnings: readonly Warning[] }) {
  if (warnings.length === 0) return null;
  const sorted = [...warnings].sort((one, other) => rank(one) - rank(other) || other.last - one.last);
  return (
    <section class="warnings" aria-label="Warnings">
      {sorted.map((warning) => (
        <WarningCard key={`${warning.code} ${warning.about}`} warning={warning} />
      ))}
    </section>
  );
}

const rank = ({ level }: Warning): number => (level === "alarm" ? 0 : 1);

function WarningCard({ warning }: { readonly warning: Warning }) {
  const { code, message, advice, since, last, count, level } = warning;
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
            <pre tabIndex={0} role="region" aria-label="Line of options that mends it">
              <bdi>{advice}</bdi>
            </pre>
            <CopyButton text={advice} />
          </div>
        )}
      </div>
    </article>
  );
}
