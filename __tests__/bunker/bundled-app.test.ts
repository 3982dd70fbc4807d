import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";

const root = join(__dirname, "../..");
const source = (file: string): string => JSON.stringify(join(root, "src", file));

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bundled-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles a program as an app's build does, and runs it: what it prints. */
function runBundled(program: string, format: "esm" | "cjs" = "esm", cwd = folder): string {
  const outfile = join(folder, format === "esm" ? "app.mjs" : "app.cjs");
  buildSync({
    stdin: { contents: program, resolveDir: root, loader: "ts" },
    ...{ bundle: true, platform: "node", format, outfile, logLevel: "error" },
  });
  const { stdout, stderr } = spawnSync(process.execPath, [outfile], {
    cwd,
    encoding: "utf8",
    timeout: 60_000,
  });
  return stdout + stderr;
}

/** Puts a package of one file into the app's node_modules. */
function install(name: string, code: string): void {
  const home = join(folder, "node_modules", name);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "index.js"), code);
}

test.each(["esm", "cjs"] as const)("an app bundled into one %s file runs bunker({})", (format) => {
  const printed = runBundled(
    `import { createServer } from "node:http";
     import { bunker } from ${source("index.ts")};
     const guard = bunker({ bunkernet: false, logger: false });
     const server = createServer((req, res) => guard(req, res, () => res.end("in"))).listen(0, "127.0.0.1", async () => {
       const answer = await fetch(\`http://127.0.0.1:\${server.address().port}/\`);
       console.log(answer.status, await answer.text());
       await guard.close();
       server.close();
     });`,
    format,
  );
  expect(printed).toBe("200 in\n");
});

describe.each(["beside the app", "in the working directory"])("optional packages %s", (place) => {
  const cwd = (): string => (place === "beside the app" ? tmpdir() : folder);
  const load = (name: string): string =>
    runBundled(
      `import { loadPackage } from ${source("optional-package.ts")};
       // Where the main script is unknown, the working directory counts.
       if (${place !== "beside the app"}) process.argv.length = 1;
       try { console.log(loadPackage(${JSON.stringify(name)}, "Reading")); }
       catch (error) { console.log(error.code, error.message); }`,
      "esm",
      cwd(),
    );

  test("are found by a bundled app", () => {
    install("works", "module.exports = 'loaded';");
    expect(load("works")).toBe("loaded\n");
  });

  test("that are not installed are named with what to do", () => {
    expect(load("absent")).toMatch(
      /^ERR_BUNKER_PACKAGE ERR_BUNKER_PACKAGE: Reading needs a package that is not installed: npm install absent /,
    );
  });

  test("that are installed and fail say why, and name a module that they lack", () => {
    install("lacking", "require('inner-part');");
    expect(load("lacking")).toMatch(
      /the package lacking is installed but fails to load: Cannot find module 'inner-part'/,
    );
    install("broken", "throw new Error('no such engine');");
    expect(load("broken")).toMatch(/the package broken is installed but fails to load: no such engine/);
    expect(load("broken")).not.toContain("not installed");
  });
});
