import { ROOT, runNode } from "./tarball.js";

/** Prints, as JSON, the files that are loaded by `load`, relative to the repository, and Node's modules that they ask for. */
const recorder = (load: string): string => `
  const Module = require("node:module");
  const { relative } = require("node:path");
  const builtins = new Set();
  const original = Module._load;
  Module._load = function (name, ...rest) {
    if (Module.isBuiltin(name)) builtins.add(name.replace(/^node:/, ""));
    return original.call(this, name, ...rest);
  };
  const done = () => {
    const files = Object.keys(require.cache)
      .map((file) => relative(${JSON.stringify(ROOT)}, file).replaceAll("\\\\", "/"))
      // Wherever packages are installed.
      .map((file) => file.replace(/^.*(?=\\bnode_modules\\/)/, ""));
    console.log(JSON.stringify({ files: files.sort(), builtins: [...builtins].sort() }));
    process.exit();
  };
  Promise.resolve(${load}).then(done);`;

interface Loaded {
  readonly files: string[];
  readonly builtins: string[];
}

async function loadedBy(load: string): Promise<Loaded> {
  return JSON.parse(await runNode(["-e", recorder(load)], ROOT)) as Loaded;
}

const withRequire = `require("express-bunker")`;

// A new line in this snapshot costs every app some time at its start: is it needed before the first call? If so, run Jest with -u.
test("importing the package loads these files and these modules of Node", async () => {
  expect(await loadedBy(withRequire)).toMatchSnapshot();
});

test("an ES module's import loads the same as require", async () => {
  expect(await loadedBy(`import("express-bunker")`)).toEqual(await loadedBy(withRequire));
});

test("bunker({}) loads nothing more than the import", async () => {
  const program = `${withRequire}.bunker({ logger: false })`;
  expect((await loadedBy(program)).files).toEqual((await loadedBy(withRequire)).files);
});

test.each([
  ["the gate", "antibot/gate.js", `.bunker({ antibot: { challenge: "cookie" }, logger: false })`],
  ["DNSBL", "dnsbl/dnsbl-protection.js", `.bunker({ dnsbl: true, logger: false })`],
  ["settings", "settings/load-settings.js", `.loadSettings({})`],
])("%s: loaded by the call that needs it, not by the import", async (_name, file, call) => {
  const path = `dist/${file}`;
  expect((await loadedBy(withRequire)).files).not.toContain(path);
  expect((await loadedBy(withRequire + call)).files).toContain(path);
});

test("the gate's pages are loaded when the gate is made, so that no visitor waits for them", async () => {
  const { files } = await loadedBy(
    `${withRequire}.bunker({ antibot: { challenge: "javascript" }, logger: false })`,
  );
  for (const file of ["challenge-endpoint", "challenge-response", "browser-scripts.generated"])
    expect(files).toContain(`dist/antibot/${file}.js`);
});
