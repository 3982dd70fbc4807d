import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { join } from "node:path";

/** Prints rows as a Markdown table that can be pasted into a document. The keys of the first row are the headings. */
export function printTable(rows: readonly Readonly<Record<string, string | number>>[]): void {
  const head = Object.keys(rows[0] ?? {});
  const cells = [head, ...rows.map((row) => head.map((name) => String(row[name] ?? "")))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  lines.splice(1, 0, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  console.log(lines.join("\n"));
}

/** Writes figures and a description of this machine to .tmp/bench-results/<name>.json (not in git), and prints the path. */
export function writeResults(name: string, figures: unknown): void {
  const folder = join(process.cwd(), ".tmp/bench-results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  const machine = {
    node: process.version,
    platform: platform(),
    arch: arch(),
    cpus: cpus().map(({ model }) => model),
  };
  writeFileSync(file, `${JSON.stringify({ date: new Date().toISOString(), machine, figures }, null, 2)}\n`);
  console.log(`written to ${file}`);
}
