import { shortNumber } from "../format/numbers.js";
import type { Series } from "./series.js";

interface Props {
  readonly series: readonly Series[];
  readonly off: ReadonlySet<string>;
  readonly onToggle: (key: string) => void;
}

/** The layers of a chart; each can be taken out. */
export function Legend({ series, off, onToggle }: Props) {
  return (
    <div class="legend" role="group" aria-label="Layers of the chart">
      {series.map(({ key, name, colour, total }) => (
        <button key={key} type="button" aria-pressed={!off.has(key)} onClick={() => onToggle(key)}>
          <i class={`swatch ${colour}`} />
          <bdi class="cut">{name}</bdi>
          <b>{shortNumber(total)}</b>
        </button>
      ))}
    </div>
  );
}
