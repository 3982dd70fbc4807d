// @ts-check
// Copies the results of the last benches (.tmp/bench-results/*.json) into docs/benchmarks.md: node scripts/bench-table.mjs
// Each bench has a place in the page between "<!-- bench NAME -->" and "<!-- end NAME -->". Places without a new result keep their
// figures, and the text around them is written by hand. The list of goals is made from the goals of all places.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { root } from "./run.mjs";

/**
 * The file that a bench writes; see bench/harness/report.ts.
 * @typedef {Record<string, string | number>} Row
 * @typedef {{ bench: string, quick: boolean, date: string, machine: Record<string, string>, versions: Record<string, string>,
 *   tables: { title: string, rows: Row[] }[], goals: Row[] }} Result
 */

const PAGE = join(root, "docs/benchmarks.md");

/**
 * Returns the page with the figures of `results`.
 * @param {string} page
 * @param {(name: string) => Result | undefined} resultOf
 */
function fill(page, resultOf) {
  const goals = /** @type {string[]} */ ([]);
  const filled = page.replaceAll(
    /(<!-- bench (\S+) -->\n)([^]*?)(<!-- end \2 -->)/g,
    (_, start, name, old, end) => {
      const result = resultOf(name);
      const text = result === undefined ? old : `\n${section(result)}\n`;
      goals.push(...goalsOf(name, text));
      return `${start}${text}${end}`;
    },
  );
  const list = ["| Goal | Measured | 95 % bounds | Result | Bench |", "|---|---|---|---|---|", ...goals];
  return filled.replace(/(<!-- goals -->\n)[^]*?(<!-- end goals -->)/, `$1\n${list.join("\n")}\n\n$2`);
}

/** @param {Result} result */
function section({ quick, date, machine, versions, tables, goals }) {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const about =
    `Measured on ${date.slice(0, 10)}${quick ? " by a short run (`--quick`), which is only a first look" : ""}: ` +
    `Node ${machine["node"]}, ${machine["system"]}, ${machine["cpu"]}, load average ${machine["load"]} at the end; ${packages.join(", ")}.`;
  const parts = tables.map(({ title, rows }) => `${title.replace(/[.:]?$/, ":")}\n\n${table(rows)}`);
  if (goals.length > 0) parts.push(`Goals:\n\n${table(goals)}`);
  return `${about}\n\n${parts.join("\n\n")}\n`;
}

/** @param {Row[]} rows */
function table(rows) {
  const head = Object.keys(rows[0] ?? {});
  const line = (/** @type {unknown[]} */ cells) =>
    `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    line(head),
    line(head.map(() => "---")),
    ...rows.map((row) => line(head.map((name) => row[name] ?? ""))),
  ].join("\n");
}

/**
 * Returns the rows of the goals in the text of a bench, with its name.
 * @param {string} name
 * @param {string} text
 */
function goalsOf(name, text) {
  return [...text.matchAll(/^\| .* \| (?:reached|MISSED|not measured yet) *\|$/gm)].map(
    ([row]) => `${row} ${name} |`,
  );
}

/** @param {string} name @returns {Result | undefined} */
function readResult(name) {
  const file = join(root, ".tmp/bench-results", `${name}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

const options = await resolveConfig(PAGE);
const page = fill(readFileSync(PAGE, "utf8"), readResult);
writeFileSync(PAGE, await format(page, { ...options, filepath: PAGE }));
