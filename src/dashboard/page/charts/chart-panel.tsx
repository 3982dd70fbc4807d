import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../parts/icon.js";
import { Panel } from "../parts/panel.js";
import { ScrollBox } from "../parts/scroll-box.js";

interface Props {
  readonly title: string;
  readonly hint?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly class?: string;
  readonly chart: ComponentChildren;
  /** The same figures as a table; made only when it is shown. */
  readonly table: () => ComponentChildren;
}

/** A chart with the table behind it. */
export function ChartPanel({ title, hint, actions, class: extra, chart, table }: Props) {
  const [isTable, setTable] = useState(false);
  return (
    <Panel
      title={title}
      hint={hint}
      class={extra}
      actions={
        <>
          {actions}
          <button
            type="button"
            class="button small quiet"
            aria-pressed={isTable}
            onClick={() => setTable(!isTable)}
          >
            <Icon name="table" />
            Table<span class="hidden"> of {title}</span>
          </button>
        </>
      }
    >
      {isTable ? (
        <ScrollBox label={`${title}, as a table`} isTall>
          {table()}
        </ScrollBox>
      ) : (
        chart
      )}
    </Panel>
  );
}
