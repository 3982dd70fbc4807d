// @ts-check
// `npm run bench [-- --quick] [-- name …]` builds the library and runs all benches of bench/, or the named ones.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { installPackages } from "./install.mjs";
import { root, runNode } from "./run.mjs";

if (!(await installPackages())) process.exit(1);
const { build } = await import("./build.mjs");
const { bundle } = await import("./bundle.mjs");

const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
// Each file directly in bench/ is a bench; the folders hold the code that benches share.
const all = readdirSync(join(root, "bench"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3));
const unknown = asked.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.log(`no such bench: ${unknown.join(", ")}; there are ${all.join(", ")}`);
  process.exit(1);
}
if (!build()) process.exit(1);

const parts = ["harness", "servers"].flatMap((folder) =>
  readdirSync(join(root, "bench", folder)).map((file) => `bench/${folder}/${file}`),
);
const outdir = join(root, ".tmp/bench");
let failures = 0;
for (const name of asked.length > 0 ? asked : all) {
  console.log(`\n== bench ${name}`);
  await bundle([`bench/${name}.ts`, ...parts], outdir, "bench");
  const args = [join(outdir, `${name}.js`), ...flags];
  const code = await runNode("--expose-gc", args, { env: { NODE_ENV: "production" } });
  if (code !== 0) {
    console.log(`FAILED: bench ${name} ended with ${code}`);
    failures++;
  }
}
process.exitCode = failures === 0 ? 0 : 1;
