import type { ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { Column } from "./data-table.js";
import { Icon } from "./icon.js";

interface EvidenceColumn<Row> {
  /** The column with the button that shows the evidence of a row below it, where `has` says that there is some. */
  readonly column: (has: (row: Row) => boolean) => Column<Row>;
  /** Returns the button alone. */
  readonly button: (row: Row) => ComponentChild;
  readonly isOpen: (row: Row) => boolean;
}

/** Shows the evidence of one row at a time. */
export function useEvidence<Row>(keyOf: (row: Row) => string): EvidenceColumn<Row> {
  const [open, setOpen] = useState<string | undefined>(undefined);
  const isOpen = (row: Row): boolean => open === keyOf(row);
  const button = (row: Row) => (
    <button
      type="button"
      class="button small quiet"
      aria-expanded={isOpen(row)}
      onClick={() => setOpen(isOpen(row) ? undefined : keyOf(row))}
    >
      <Icon name="down" />
      Evidence
    </button>
  );
  return {
    isOpen,
    button,
    column: (has) => ({
      name: "Evidence",
      hideName: true,
      isWhole: true,
      class: "actions",
      cell: (row) => has(row) && button(row),
    }),
  };
}
