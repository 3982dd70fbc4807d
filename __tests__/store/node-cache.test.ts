import { buildSync } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "node-cache-"));

beforeAll(() => {
  symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"), "junction");
  buildSync({ entryPoints: ["src/**/*.ts"], outdir: folder, outbase: "src", format: "cjs" });
});
afterAll(() => rmSync(folder, { recursive: true }));

test("node-cache is loaded when its engine is chosen, not with the package", () => {
  writeFileSync(
    join(folder, "program.js"),
    `const { MemoryStore, bunker } = require("./index.js");
    const steps = [];
    const note = () => steps.push(Object.keys(require.cache).some((file) => /node_modules.node-cache/.test(file)));
    note();
    new MemoryStore().set("ban:x", "1");
    note();
    const store = new MemoryStore({ engine: "node-cache" });
    store.set("ban:x", "1");
    note();
    console.log(JSON.stringify([...steps, store.get("ban:x")]));`,
  );
  const printed = execFileSync(process.execPath, ["program.js"], { cwd: folder, encoding: "utf8" });
  expect(JSON.parse(printed)).toEqual([false, false, true, "1"]);
});
