/** A Markdown table, laid out as prettier lays it out; the first row holds the headings. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const width = (text: string): number => Array.from(text).length;
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => width(row[column] ?? ""))),
  );
  const lines = rows.map((row) =>
    row.map((text, column) => text + " ".repeat((widths[column] ?? 0) - width(text))).join(" | "),
  );
  lines.splice(1, 0, widths.map((count) => "-".repeat(count)).join(" | "));
  return lines.map((line) => `| ${line} |`).join("\n");
}

/** A text as code; nothing for an empty one. */
export function code(text: string): string {
  return text === "" ? "" : `\`${text.replaceAll("|", "\\|")}\``;
}

/** A sentence for a cell. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
