// @ts-check
// `npm run example:cluster` installs and builds what is missing, then runs examples/cluster until Ctrl-C. PORT chooses
// another port for the proxy (0 = a free one); `--built` skips the build of the library.
import { join } from "node:path";
import { installPackages } from "./install.mjs";
import { root, runNode } from "./run.mjs";

if (!(await installPackages())) process.exit(1);

if (!process.argv.includes("--built")) {
  console.log("Building the library …");
  const { build } = await import("./build.mjs");
  if (!build()) process.exit(1);
}

// This import needs esbuild, which may have been installed only above.
const { bundle } = await import("./bundle.mjs");
const outdir = join(root, ".tmp/cluster");
await bundle(["examples/cluster/start.ts", "examples/cluster/app.ts"], outdir);
process.exitCode = await runNode(join(outdir, "start.js"), [], { awaitInterrupted: true });
