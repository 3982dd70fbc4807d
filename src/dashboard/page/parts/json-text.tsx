import { DataTable } from "./data-table.js";
import { Time } from "./time.js";

/** Evidence or details as the server sent them: a table where they are a list of like things, else indented text. Always text. */
export function JsonText({ value, label }: { readonly value: unknown; readonly label: string }) {
  const data = typeof value === "string" ? parsed(value) : value;
  if (data === undefined || data === null) return <p class="soft">No evidence was kept.</p>;
  const rows = rowsOf(data);
  if (rows === undefined)
    return (
      <pre class="json" tabIndex={0} role="region" aria-label={label}>
        <bdi>{typeof data === "string" ? data : JSON.stringify(data, null, 2)}</bdi>
      </pre>
    );
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 8);
  return (
    <DataTable<Record<string, unknown>>
      label={label}
      rows={rows}
      keyOf={(_, at) => at}
      columns={names.map((name) => ({ name, cell: (row) => <Cell name={name} value={row[name]} /> }))}
    />
  );
}

function Cell({ name, value }: { readonly name: string; readonly value: unknown }) {
  if (value === undefined || value === null) return <span class="soft">–</span>;
  // Times in ms of this century.
  if (/time|date/i.test(name) && typeof value === "number" && value > 1e12 && value < 1e13)
    return <Time at={value} />;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return <bdi class="mono">{text}</bdi>;
}

function rowsOf(data: unknown): Record<string, unknown>[] | undefined {
  if (!Array.isArray(data) || data.length === 0) return undefined;
  const isRecord = (item: unknown): item is Record<string, unknown> =>
    typeof item === "object" && item !== null && !Array.isArray(item);
  return data.every(isRecord) ? data : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The beginning of the evidence only: it is shown as it is.
    return text;
  }
}
