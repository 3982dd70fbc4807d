import type { ComponentChildren } from "preact";
import { number, share } from "../format/numbers.js";

export interface Bar {
  readonly key: string;
  readonly name: ComponentChildren;
  readonly count: number;
  /** A colour of the charts, by its number. */
  readonly colour?: string | undefined;
  readonly note?: ComponentChildren;
}

/** Numbers by name, the largest first, with bars to compare them. */
export function BarList({
  bars,
  label,
  total,
}: {
  readonly bars: readonly Bar[];
  readonly label: string;
  readonly total?: number;
}) {
  const most = Math.max(1, ...bars.map(({ count }) => count));
  return (
    <ul class="bars" aria-label={label}>
      {bars.map(({ key, name, count, colour, note }) => (
        <li key={key}>
          <span class="bar-name">
            {colour !== undefined && <i class={`swatch ${colour}`} />}
            <span class="cut">{name}</span>
            {note !== undefined && <span class="bar-note">{note}</span>}
          </span>
          <span class="bar-count">
            {number(count)}
            {total !== undefined && total > 0 && <small>{share(count / total)}</small>}
          </span>
          <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
            <rect
              class={colour === undefined ? "fill" : `fill ${colour}`}
              width={(100 * count) / most}
              height="4"
            />
          </svg>
        </li>
      ))}
    </ul>
  );
}
