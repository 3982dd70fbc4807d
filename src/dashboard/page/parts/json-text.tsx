import { DataTable } from "./data-table.js";
import { ReferenceLink } from "./reference-link.js";
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
  if (name === "id" && typeof value === "string") return <ReferenceLink id={value} />;
  const time = /time|date/i.test(name) ? timeOf(value) : NaN;
  if (time > 0) return <Time at={time} />;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return <bdi class="mono">{text}</bdi>;
}

function rowsOf(data: unknown): Record<string, unknown>[] | undefined {
  if (!Array.isArray(data) || data.length === 0) return undefined;
  const isRecord = (item: unknown): item is Record<string, unknown> =>
    typeof item === "object" && item !== null && !Array.isArray(item);
  return data.every(isRecord) ? data : undefined;
}

// In ms of this century, or as ISO text; otherwise NaN.
function timeOf(value: unknown): number {
  if (typeof value === "number") return value > 1e12 && value < 1e13 ? value : NaN;
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : NaN;
}

function parsed(text: string): unknown {
  // Of evidence that is cut off, what is whole.
  for (const whole of [text, `${text.slice(0, text.lastIndexOf("}") + 1)}]`])
    try {
      return JSON.parse(whole) as unknown;
    } catch {
      // It is shown as it is.
    }
  return text;
}
