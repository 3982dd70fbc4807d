import type { ComponentChildren } from "preact";
import { Fragment } from "preact";

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers are aligned at their end. */
  readonly isNumber?: boolean;
  /** On a phone, each cell stands in a line of its own with its name; these take the whole line without it. */
  readonly isWhole?: boolean;
  /** Of actions, which need no heading that can be seen. */
  readonly hideName?: boolean;
  readonly class?: string;
}

interface Props<Row> {
  /** What the table is about, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row, at: number) => string | number;
  /** What stands below a row, if anything. */
  readonly below?: (row: Row) => ComponentChildren;
  /** Rows stay rows on a phone: for tables with few and short columns. */
  readonly isCompact?: boolean;
}

/** A table whose rows become cards on a phone. Its roles are written down, because styles that lay it out otherwise take them away. */
export function DataTable<Row>({ label, columns, rows, keyOf, below, isCompact = false }: Props<Row>) {
  return (
    <table class={isCompact ? "table compact" : "table cards"} role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ name, isNumber, hideName, class: extra }) => (
            <th key={name} role="columnheader" scope="col" class={cellClass(isNumber, extra)}>
              {hideName === true ? <span class="hidden">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row, at) => {
          const extra = below?.(row);
          return (
            <Fragment key={keyOf(row, at)}>
              <tr role="row">
                {columns.map(({ name, cell, isNumber, isWhole, class: more }) => (
                  <td
                    key={name}
                    role="cell"
                    data-name={isWhole === true ? undefined : name}
                    class={cellClass(isNumber, `${more ?? ""}${isWhole === true ? " whole" : ""}`)}
                  >
                    {cell(row)}
                  </td>
                ))}
              </tr>
              {extra !== undefined && extra !== null && extra !== false && (
                <tr role="row" class="below">
                  <td role="cell" colSpan={columns.length}>
                    {extra}
                  </td>
                </tr>
              )}
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
}

function cellClass(isNumber: boolean | undefined, extra = ""): string | undefined {
  const text = `${isNumber === true ? "number " : ""}${extra}`.trim();
  return text === "" ? undefined : text;
}
