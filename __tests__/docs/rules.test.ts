import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const root = join(__dirname, "../..");

const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(root, folder, file), "utf8"));

const rules = new Map(
  [
    ...readFileSync(join(root, "docs/rules.md"), "utf8").matchAll(
      /^- \*\*(R\d+)\*\* ((?:.+\n)+?)(?=- |\n|(?![^]))/gm,
    ),
  ].map(([, number = "", text = ""]) => [number, text]),
);
// A title may stand on the line after its call, so every text of a test file counts.
const cited = (texts: string[], pattern: RegExp): Set<string> =>
  new Set(
    texts.flatMap((text) => [...text.matchAll(pattern)].flatMap(([found]) => found.match(/\bR\d+\b/g) ?? [])),
  );

test("docs/rules.md states forty rules, in order and once each", () => {
  const numbers = [...readFileSync(join(root, "docs/rules.md"), "utf8").matchAll(/\*\*(R\d+)\*\*/g)];
  expect(numbers.map(([, number]) => number)).toEqual(Array.from({ length: 40 }, (_, i) => `R${i + 1}`));
  expect(rules.size).toBe(40);
});

test("every rule that sources and tests cite is stated", () => {
  const known = new Set(rules.keys());
  const named = cited([...filesBelow("src"), ...filesBelow("__tests__")], /\bR\d{1,2}\b/g);
  expect([...named].filter((number) => !known.has(number))).toEqual([]);
});

test("every rule that the code keeps has a test that carries its number", () => {
  const tested = cited(filesBelow("__tests__"), /"(?:[^"\n]*[^"\w])?R\d+ [^"\n]*"/g);
  const kept = [...rules].filter(([, text]) => !text.includes("_Not yet:_")).map(([number]) => number);
  expect(kept.length).toBeGreaterThan(25);
  expect(kept.filter((number) => !tested.has(number))).toEqual([]);
});

test("the published types cite no rule: their readers have the docs, not the numbers", () => {
  const src = join(root, "src");
  const cites = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((fileName) => {
      const { outputText } = ts.transpileDeclaration(readFileSync(join(src, fileName), "utf8"), { fileName });
      return outputText
        .split("\n")
        .flatMap((line) => (/\bR\d{1,2}\b/.test(line) ? [`${fileName}: ${line.trim()}`] : []));
    });
  expect(cites).toEqual([]);
});
