import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import ts from "typescript";

const root = join(__dirname, "../..");
const src = join(root, "src");
const architecture = readFileSync(join(root, "docs/architecture.md"), "utf8");

/** The layer of each folder, from the table of docs/architecture.md. */
const layers = new Map(
  [...architecture.matchAll(/^\| (\d+) +\| `([\w.-]+?)\/?` +\|/gm)].map(([, layer, folder = ""]) => [
    folder,
    Number(layer),
  ]),
);

const folderOf = (file: string): string => relative(src, file).split(sep)[0] as string;

function sources(): string[] {
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(src, file));
}

function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(file, "utf8"), true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => join(dirname(file), fileName.replace(/\.js$/, ".ts")));
}

test("docs/architecture.md has the layers that lint holds", () => {
  const script = readFileSync(join(root, "scripts/layers.mjs"), "utf8");
  const held = [...script.matchAll(/^ {2}\[([^\]]+)\],$/gm)].flatMap(([, folders = ""], layer) =>
    [...folders.matchAll(/"([^"]+)"/g)].map(([, folder = ""]) => [folder, layer + 1] as const),
  );
  expect([...layers].sort()).toEqual(held.sort());
});

test("every folder of src/ is in the table, and every folder of the table in src/", () => {
  expect([...layers.keys()].sort()).toEqual(readdirSync(src).sort());
});

test("every import goes down the table", () => {
  const upward = sources().flatMap((file) =>
    importsOf(file)
      .filter((target) => folderOf(target) !== folderOf(file))
      .filter((target) => !((layers.get(folderOf(target)) ?? NaN) < (layers.get(folderOf(file)) ?? NaN)))
      .map((target) => `${relative(src, file)} imports ${relative(src, target)}`),
  );
  expect(upward).toEqual([]);
});

test.each(["architecture", "concepts"])("every file that docs/%s.md names is there", (page) => {
  const text = readFileSync(join(root, `docs/${page}.md`), "utf8");
  const named = [...text.matchAll(/`((?:[\w.-]+\/)+(?:[\w.-]+\.(?:ts|mjs|md))?|[\w.-]+\.ts)`/g)].map(
    ([, path = ""]) => path,
  );
  expect(named.length).toBeGreaterThan(30);
  const missing = named.filter(
    (path) => ![src, root].some((folder) => existsSync(join(folder, path))) && path !== "http/",
  );
  expect(missing).toEqual([]);
});

test("every function of the walks in docs/architecture.md is in its file", () => {
  const rows = [...architecture.matchAll(/^\| `(.+\.ts)` +\| `(\w+)` +\|/gm)];
  expect(rows.length).toBeGreaterThan(25);
  const missing = rows.filter(
    ([, file = "", name = ""]) =>
      !new RegExp(`\\b${name}(?:\\(|: | = \\()`).test(readFileSync(join(src, file), "utf8")),
  );
  expect(missing.map(([, file, name]) => `${String(name)} in ${String(file)}`)).toEqual([]);
});

test("every class, type and function that docs/concepts.md names is declared in the file that it names", () => {
  const rows = [
    ...readFileSync(join(root, "docs/concepts.md"), "utf8").matchAll(
      /^\|.+\| `(\w+)`: .+\| `(.+\.ts)` +\|$/gm,
    ),
  ];
  expect(rows.length).toBeGreaterThan(25);
  const missing = rows.filter(
    ([, name = "", file = ""]) =>
      !new RegExp(
        `^(?:export )?(?:abstract )?(?:class|interface|type|(?:async )?function) ${name}\\b`,
        "m",
      ).test(readFileSync(join(src, file), "utf8")),
  );
  expect(missing.map(([, name, file]) => `${String(name)} in ${String(file)}`)).toEqual([]);
});
