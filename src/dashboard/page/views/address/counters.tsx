import type { AddressDetails } from "../../../api.js";
import { number } from "../../format/numbers.js";
import { serviceName } from "../../format/words.js";
import { Panel } from "../../parts/panel.js";
import { Empty } from "../../parts/placeholders.js";

/** How near a ban it is. */
export function Counters({ counters }: { readonly counters: AddressDetails["counters"] }) {
  return (
    <Panel title="Counters" hint="bad responses that count now">
      {counters.length === 0 ? (
        <Empty title="Nothing counts against it" icon="check">
          Bad responses will appear here, with how many lead to a ban.
        </Empty>
      ) : (
        <ul class="bars" aria-label="Bad responses that count now">
          {counters.map(({ service, count, threshold }) => (
            <li key={service}>
              <span class="bar-name">
                <bdi class="cut">{serviceName(service)}</bdi>
              </span>
              <span class="bar-count">
                {number(count)} of {number(threshold)}
              </span>
              <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect
                  class={count >= threshold ? "fill danger-line" : "fill"}
                  width={Math.min(100, (100 * count) / Math.max(1, threshold))}
                  height="4"
                />
              </svg>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
