import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, platform } from "node:os";
import { join } from "node:path";

/** A row of a table. The keys of the first row are the headings. */
export type Row = Readonly<Record<string, string | number>>;

/** What a bench should show, and what it has shown. */
export interface Goal {
  goal: string;
  measured: string;
  bounds: string;
  reached: boolean;
}

/** The packages whose versions the figures depend on. */
const PACKAGES = [
  "express",
  "helmet",
  "express-rate-limit",
  "rate-limiter-flexible",
  "rate-limit-redis",
  "redis",
  "ioredis",
  "node-cache",
];

/** Collects the tables and goals of a bench, prints them, and keeps them for docs/benchmarks.md. */
export class Report {
  private readonly tables: { title: string; rows: readonly Row[] }[] = [];
  private readonly goals: Goal[] = [];

  /** `name` is the name of the bench, as in `npm run bench -- name`. */
  constructor(private readonly name: string) {}

  /** Prints a table. The title says what was measured and how often. */
  table(title: string, rows: readonly Row[]): void {
    this.tables.push({ title, rows });
    console.log(`\n${title}\n`);
    printTable(rows);
  }

  /** Notes whether a goal is reached. All goals are printed together at the end. */
  goal(goal: Goal): void {
    this.goals.push(goal);
  }

  /**
   * Prints the goals, and writes everything to .tmp/bench-results/<name>.json (not in git) with a description of this machine.
   * `node scripts/bench-table.mjs` copies it into docs/benchmarks.md.
   */
  write(raw?: unknown): void {
    if (this.goals.length > 0) {
      console.log("");
      printTable(this.goals.map(goalRow));
    }
    const folder = join(process.cwd(), ".tmp/bench-results");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${this.name}.json`);
    const result = {
      bench: this.name,
      quick: process.argv.includes("--quick"),
      date: new Date().toISOString(),
      machine: machine(),
      versions: versions(),
      tables: this.tables,
      goals: this.goals.map(goalRow),
      raw,
    };
    writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
    console.log(`\nwritten to ${file}`);
  }
}

function goalRow({ goal, measured, bounds, reached }: Goal): Row {
  return { goal, measured, bounds, result: reached ? "reached" : "MISSED" };
}

/** Prints rows as a Markdown table. */
function printTable(rows: readonly Row[]): void {
  const head = Object.keys(rows[0] ?? {});
  const cells = [head, ...rows.map((row) => head.map((name) => String(row[name] ?? "")))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  lines.splice(1, 0, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  console.log(lines.join("\n"));
}

function machine(): Record<string, string> {
  const models = cpus().map(({ model }) => model.trim());
  return {
    node: process.version,
    system: `${platform()} ${arch()}`,
    cpu: `${models.length} × ${models[0] ?? "unknown"}`,
    load: (loadavg()[0] ?? 0).toFixed(1),
  };
}

function versions(): Record<string, string> {
  return Object.fromEntries(
    PACKAGES.map((name) => {
      const file = join(process.cwd(), "node_modules", name, "package.json");
      return [name, (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version];
    }),
  );
}
