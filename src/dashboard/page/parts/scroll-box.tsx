import type { ComponentChildren } from "preact";

interface Props {
  readonly label: string;
  /** Whether it scrolls downward too, within a fixed height. */
  readonly isTall?: boolean;
  readonly children: ComponentChildren;
}

/** What is wider than a phone scrolls in a box of its own, by keyboard too. */
export function ScrollBox({ label, isTall = false, children }: Props) {
  return (
    <div class={isTall ? "scroll-box tall" : "scroll-box"} tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}
