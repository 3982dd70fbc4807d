import { number } from "../format/numbers.js";

interface Props {
  /** Where the pointer is, in px from the left of the chart. */
  readonly left: number;
  readonly title: string;
  readonly lines: readonly { readonly name: string; readonly value: number; readonly colour: string }[];
}

/** The figures under the pointer. The table says the same to those who have none. */
export function Tooltip({ left, title, lines }: Props) {
  return (
    <div
      class="tooltip"
      aria-hidden="true"
      ref={(element) => {
        if (element === null) return;
        const room = element.parentElement?.clientWidth ?? 0;
        const width = element.offsetWidth;
        // On the other side of the pointer where there is no room.
        const x = left + 16 + width > room ? Math.max(0, left - width - 16) : left + 16;
        element.style.transform = `translateX(${x}px)`;
      }}
    >
      <p>{title}</p>
      <ul>
        {lines.map(({ name, value, colour }) => (
          <li key={name}>
            <i class={`swatch ${colour}`} />
            <bdi>{name}</bdi>
            <b>{number(value)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}
