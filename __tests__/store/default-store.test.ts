import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

// A module of its own each time, since the warning comes once a process.
async function warningsWith(env: Record<string, string>): Promise<string> {
  const program = `
    require("@swc/core");
    const { transformSync } = require("@swc/core");
    const { readFileSync } = require("node:fs");
    const { dirname } = require("node:path");
    require.extensions[".ts"] = (module, path) =>
      module._compile(transformSync(readFileSync(path, "utf8"), { filename: path, jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } }).code, path);
    const Module = require("node:module");
    const resolve = Module._resolveFilename;
    Module._resolveFilename = (name, parent, ...rest) =>
      resolve(name.startsWith(".") && parent && parent.filename.endsWith(".ts") ? name.replace(/\\.js$/, ".ts") : name, parent, ...rest);
    const { bunker, badBehavior, MemoryStore } = require("./src/index.ts");
    process.env.WITH_STORE ? bunker({ store: new MemoryStore() }) : (bunker(), badBehavior());
  `;
  const { stderr } = await run(process.execPath, ["-e", program], { env: { ...process.env, ...env } });
  return stderr;
}

test("WRN_BUNKER_LOCAL_STORE: a worker among several is told once that its store is its own", async () => {
  const text = await warningsWith({ NODE_APP_INSTANCE: "2" });
  expect(text.match(/\[WRN_BUNKER_LOCAL_STORE\]/g)).toHaveLength(1);
  expect(text).toContain("(npx express-bunker error WRN_BUNKER_LOCAL_STORE)\n");
  expect(text).toContain("new RedisStore({ url })");
  expect(await warningsWith({ NODE_UNIQUE_ID: "1" })).toContain("WRN_BUNKER_LOCAL_STORE");
});

test("a process of its own is told nothing, nor is a worker that was given a store", async () => {
  expect(await warningsWith({ NODE_APP_INSTANCE: "0" })).not.toContain("WRN_BUNKER_LOCAL_STORE");
  expect(await warningsWith({ NODE_APP_INSTANCE: "2", WITH_STORE: "1" })).not.toContain(
    "WRN_BUNKER_LOCAL_STORE",
  );
});
