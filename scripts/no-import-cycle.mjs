// @ts-check
// A lint rule against import cycles, including type imports. import-x/no-cycle ignores `import type`, but two files whose types
// depend on each other cannot be read separately either.
import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import ts from "typescript";

/** @type {Map<string, string[]>} the imports of each file, by its path */
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
    return fileName.startsWith(".") ? [sourceOf(file, fileName)] : [];
  });
  imports.set(file, found);
  return found;
}

/** Returns the path of the source that `name` stands for in `file`. @param {string} file @param {string} name */
function sourceOf(file, name) {
  const path = resolve(dirname(file), name);
  const tsx = path.replace(/\.js$/, ".tsx");
  return existsSync(tsx) ? tsx : path.replace(/\.js$/, ".ts");
}

/** Returns a path of imports from `file` to `goal`, if there is one. @param {string} file @param {string} goal */
function pathTo(file, goal) {
  const seen = new Set([file]);
  /** @type {string[][]} */
  const paths = [[file]];
  for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
    for (const next of importsOf(/** @type {string} */ (path.at(-1)))) {
      if (next === goal) return [...path, next];
      if (!seen.has(next)) paths.push([...path, next]);
      seen.add(next);
    }
  }
  return undefined;
}

/** @type {import("eslint").Rule.RuleModule} */
export const noImportCycle = {
  meta: { type: "problem", schema: [], messages: { cycle: "these files import each other: {{path}}" } },
  create(context) {
    const file = context.filename;
    /** @param {{ source?: import("estree").Node & { value?: unknown } | null }} node */
    const check = ({ source }) => {
      if (typeof source?.value !== "string" || !source.value.startsWith(".")) return;
      const target = sourceOf(file, source.value);
      const path = target === file ? [file] : pathTo(target, file);
      if (path === undefined) return;
      const names = [file, ...path].map((name) => relative(context.cwd, name));
      context.report({ node: source, messageId: "cycle", data: { path: names.join(" → ") } });
    };
    return {
      Program: () => void importsOf(file, context.sourceCode.text),
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};
