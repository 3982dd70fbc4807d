import type { ComponentChildren } from "preact";

export interface Fact {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly note?: ComponentChildren;
}

/** Single figures and states beside each other. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(({ name, value, note }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span class="fact-value">{value}</span>
            {note !== undefined && <span class="fact-note">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
