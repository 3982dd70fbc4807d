import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { codesOfSources } from "../support/codes.js";
import { ROOT, pack, run, runNode, type Tarball } from "./tarball.js";

// Comments included: editors show them from the declarations. Raise it on purpose or not at all.
const SIZE_BUDGET_BYTES = 950_000;

let tarball: Tarball;
beforeAll(async () => {
  tarball = await pack();
});
afterAll(() => tarball.remove());

const compiled = (path: string): string[] => [`dist/${path}.js`, `dist/${path}.d.ts`];

/** The compiled files that the sources call for. */
async function compiledFiles(): Promise<string[]> {
  const library = readdirSync(join(ROOT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts"))
    .map((entry) => relative(join(ROOT, "src"), join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !path.startsWith("browser/") && !path.startsWith("dashboard/page/"));
  // Of the browser's code only what its build configuration reaches is published as files of its own.
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const listed = await runNode([tsc, "-p", "src/browser/tsconfig.build.json", "--listFilesOnly"], ROOT);
  const browser = listed
    .split("\n")
    .flatMap((path) => /src\/(browser\/.*\.ts)$/.exec(path.trim())?.[1] ?? []);
  const code = [...library, ...browser].flatMap((path) => compiled(path.slice(0, -".ts".length)));
  // The dashboard's page is published as the files that its build makes, whose names change with their content.
  const page = JSON.parse(readFileSync(join(ROOT, "src/dashboard/static/manifest.json"), "utf8")) as Record<
    string,
    string
  >;
  const files = [...Object.values(page), "manifest.json", "licenses.txt"];
  return [
    ...code,
    ...files.map((name) => `dist/dashboard/static/${name}`),
    "dist/antibot/challenges/captcha/OFL.txt",
  ];
}

// The list is derived, not written down: a new source file is published because it is a source file, and whatever has no
// source (stale output, source maps, tests, notes, secrets) makes the lists differ.
test("the tarball holds the compiled sources, the font's licence, package.json, README, LICENSE, CHANGELOG and the texts of the codes, and nothing else", async () => {
  const sources = await compiledFiles();
  expect(sources).toContain("dist/index.js");
  expect(tarball.files).toEqual(
    [...sources, "docs/errors.md", "package.json", "README.md", "LICENSE", "CHANGELOG.md"].sort(),
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

test("the command line is in the tarball, and runs", async () => {
  const { bin, version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    bin: Record<string, string>;
    version: string;
  };
  const file = (bin["express-bunker"] as string).replace("./", "");
  expect(tarball.files).toContain(file);
  expect(readFileSync(join(ROOT, file), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(await runNode([join(ROOT, file), "--version"], ROOT)).toBe(`${version}\n`);
});

test("the packed command line explains every code of the sources", async () => {
  const folder = mkdtempSync(join(tmpdir(), "express-bunker-codes-"));
  try {
    await run("tar", ["-xzf", tarball.file], folder);
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const code of codesOfSources()) {
      const text = await runNode(["package/dist/cli/main.js", "error", code], folder);
      expect(text).toMatch(new RegExp(`^${code}\n\n.{40,}`));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
