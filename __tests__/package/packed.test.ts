import { readFileSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { ROOT, pack, runNode, type Tarball } from "./tarball.js";

const SIZE_BUDGET_BYTES = 150_000;

let tarball: Tarball;
beforeAll(async () => {
  tarball = await pack();
});
afterAll(() => tarball.remove());

/** The compiled files that the sources call for: code of src/browser is not compiled into files of its own. */
function compiledFiles(): string[] {
  return readdirSync(join(ROOT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts"))
    .map((entry) => relative(join(ROOT, "src"), join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !path.startsWith("browser/"))
    .flatMap((path) => [`dist/${path.slice(0, -3)}.js`, `dist/${path.slice(0, -3)}.d.ts`]);
}

// The list is derived, not written down: a new source file is published because it is a source file, and whatever has no
// source (stale output, source maps, tests, notes, secrets) makes the lists differ.
test("the tarball holds the compiled sources, package.json, README, LICENSE and CHANGELOG, and nothing else", () => {
  expect(compiledFiles().length).toBeGreaterThan(0);
  expect(tarball.files).toEqual(
    [...compiledFiles(), "package.json", "README.md", "LICENSE", "CHANGELOG.md"].sort(),
  );
});

test(`the tarball is at most ${SIZE_BUDGET_BYTES / 1000} kB`, () => {
  expect(tarball.packedSize).toBeLessThanOrEqual(SIZE_BUDGET_BYTES);
});

test("published declarations import no optional peer's types", () => {
  const { peerDependenciesMeta } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    peerDependenciesMeta: Record<string, { optional?: boolean }>;
  };
  const peers = Object.keys(peerDependenciesMeta);
  expect(peers.length).toBeGreaterThan(0);
  const names = peers.flatMap((peer) => [peer, `@types/${peer}`]).join("|");
  const imports = new RegExp(
    `(from|import\\(|require\\(|declare module|reference types=)\\s*["'](${names})["']`,
  );
  const offenders = tarball.files.filter(
    (file) => file.endsWith(".d.ts") && imports.test(readFileSync(join(ROOT, file), "utf8")),
  );
  expect(offenders).toEqual([]);
});

test("publint --strict finds nothing", async () => {
  const output = await runNode(
    [join(ROOT, "node_modules/publint/src/cli.js"), tarball.file, "--strict"],
    ROOT,
  );
  expect(output).toContain("All good!");
});

test("attw finds no wrong types under node16 resolution", async () => {
  const cli = join(ROOT, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const output = await runNode([cli, tarball.file, "--profile", "node16", "--format", "json"], ROOT);
  const { analysis } = JSON.parse(output) as { analysis: { entrypoints: Record<string, unknown> } };
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { exports: object };
  expect(Object.keys(analysis.entrypoints).sort()).toEqual(Object.keys(exports).sort());
});
