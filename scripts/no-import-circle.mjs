// @ts-check
// A lint rule: no circle of imports, types included. import-x/no-cycle passes over `import type`; a circle of types still means
// that neither file can be read without the other.
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import ts from "typescript";

/** @type {Map<string, string[]>} what each file imports, by its path */
const imports = new Map();

/** @param {string} file @param {string} [text] */
function importsOf(file, text) {
  const known = imports.get(file);
  if (known !== undefined && text === undefined) return known;
  let source = text;
  try {
    source ??= readFileSync(file, "utf8");
  } catch {
    source = "";
  }
  const found = ts.preProcessFile(source, true, true).importedFiles.flatMap(({ fileName }) => {
    return fileName.startsWith(".") ? [resolve(dirname(file), fileName.replace(/\.js$/, ".ts"))] : [];
  });
  imports.set(file, found);
  return found;
}

/** The way from `file` back to `goal`, if there is one. @param {string} file @param {string} goal */
function wayTo(file, goal) {
  const seen = new Set([file]);
  /** @type {string[][]} */
  const ways = [[file]];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    for (const next of importsOf(/** @type {string} */ (way.at(-1)))) {
      if (next === goal) return [...way, next];
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}

/** @type {import("eslint").Rule.RuleModule} */
export const noImportCircle = {
  meta: { type: "problem", schema: [], messages: { circle: "these files import each other: {{way}}" } },
  create(context) {
    const file = context.filename;
    /** @param {{ source?: import("estree").Node & { value?: unknown } | null }} node */
    const check = ({ source }) => {
      if (typeof source?.value !== "string" || !source.value.startsWith(".")) return;
      const target = resolve(dirname(file), source.value.replace(/\.js$/, ".ts"));
      const way = target === file ? [file] : wayTo(target, file);
      if (way === undefined) return;
      const names = [file, ...way].map((path) => relative(context.cwd, path));
      context.report({ node: source, messageId: "circle", data: { way: names.join(" → ") } });
    };
    return {
      Program: () => void importsOf(file, context.sourceCode.text),
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};
