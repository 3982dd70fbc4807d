import type { ComponentChildren } from "preact";

export type Tone = "plain" | "ok" | "warn" | "danger" | "info";

/** A word about a state. The word says it, the colour repeats it. */
export function Badge({
  tone = "plain",
  children,
}: {
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
