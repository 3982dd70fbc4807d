import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Props {
  readonly label: string;
  readonly hint?: string;
  /** What is wrong with it. */
  readonly error?: string | undefined;
  readonly children: (attributes: FieldAttributes) => ComponentChildren;
}

/** What an input carries, so that its label and its messages belong to it. */
interface FieldAttributes {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": boolean;
}

/** An input with its label, and with what is to be said of it. */
export function Field({ label, hint, error, children }: Props) {
  const id = useId();
  const hasNote = hint !== undefined || error !== undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-describedby": hasNote ? `${id}-note` : undefined,
        "aria-invalid": error !== undefined,
      })}
      {hasNote && (
        <p
          id={`${id}-note`}
          class={error === undefined ? "note" : "note bad"}
          role={error === undefined ? undefined : "alert"}
        >
          <bdi>{error ?? hint}</bdi>
        </p>
      )}
    </div>
  );
}
