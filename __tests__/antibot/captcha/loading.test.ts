import { buildSync } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "captcha-loading-"));
const CAPTCHA = "antibot/challenges/captcha";

beforeAll(() => symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"), "junction"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program in a process of its own and returns what it prints as JSON. */
function run(file: string, program: string): unknown {
  writeFileSync(join(folder, file), program);
  return JSON.parse(execFileSync(process.execPath, [file], { cwd: folder, encoding: "utf8" }));
}

test("outlines, clips and worker threads are loaded by the first captcha, not with the package", () => {
  buildSync({
    entryPoints: ["src/**/*.ts"],
    outdir: folder,
    outbase: "src",
    format: "cjs",
  });
  const loaded = run(
    "import.js",
    `const { antibot, MemoryStore } = require("./index.js");
    const steps = [];
    const note = () => steps.push([
      ...Object.keys(require.cache).filter((file) => /(glyph-outlines|spoken-digits).generated/.test(file)).map((file) => /(\\w+)-\\w+.generated/.exec(file)[1]),
      ...process.moduleLoadList.filter((name) => name === "NativeModule worker_threads"),
    ]);
    note();
    antibot({ challenge: "captcha", store: new MemoryStore(), logger: false });
    note();
    antibot({ challenge: "captcha", store: new MemoryStore(), logger: false, captcha: { alphabet: "ABCDEFGHIJ" } });
    note();
    const { render } = require("./${CAPTCHA}/render.js");
    render({ seed: "a", text: "123", language: "en" });
    note();
    const { RenderThread } = require("./${CAPTCHA}/render-thread.js");
    new RenderThread().render({ seed: "a", text: "ACE" }).then(() => {
      note();
      console.log(JSON.stringify(steps));
      process.exit();
    });
    // The worker itself lets the process end.
    setTimeout(() => undefined, 10_000);`,
  );
  expect(loaded).toEqual([
    [],
    [],
    ["glyph"],
    ["glyph", "spoken"],
    ["glyph", "spoken", "NativeModule worker_threads"],
  ]);
});

test("an app that is bundled into an ES module draws captchas", () => {
  buildSync({
    stdin: {
      contents: `import { RenderThread } from "./src/${CAPTCHA}/render-thread.js";
      const thread = new RenderThread();
      thread.render({ seed: "a", text: "ACE" }).then(async (image) => {
        const sound = await thread.render({ seed: "a", text: "123", language: "en" });
        console.log(JSON.stringify([image.toString("latin1", 1, 4), sound.toString("latin1", 0, 4)]));
      });`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: join(folder, "bundle.mjs"),
    logLevel: "warning",
  });
  expect(run("start.mjs", `import "./bundle.mjs";`)).toEqual(["PNG", "RIFF"]);
});
