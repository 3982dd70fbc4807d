import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Props {
  readonly title: string;
  /** What the figures are about, in a few words. */
  readonly hint?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A titled part of a view. */
export function Panel({ title, hint, actions, class: extra = "", children }: Props) {
  const id = useId();
  return (
    <section class={`panel ${extra}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {hint !== undefined && <p class="hint">{hint}</p>}
        {actions !== undefined && <div class="panel-actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}
