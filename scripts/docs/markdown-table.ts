/** Returns a Markdown table in prettier's layout. The first row holds the headings. */
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

/** Returns a text as inline code, or nothing for an empty text. */
export function code(text: string): string {
  return text === "" ? "" : `\`${text.replaceAll("|", "\\|")}\``;
}

/** Returns a sentence, escaped for a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
