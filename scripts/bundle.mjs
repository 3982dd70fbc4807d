// @ts-check
// Compiles our TypeScript programs (examples, benches) to JavaScript for Node 20.
import { build } from "esbuild";
import { root } from "./run.mjs";

/**
 * Bundles each entry file into `outdir`, keeping the folders. Packages stay outside the bundles, including `express-bunker`,
 * which is resolved to dist/ through package.json, as in its users' projects.
 * @param {string[]} entryPoints paths from the root
 * @param {string} outdir inside the repository
 * @param {string} [outbase] the folder that the outputs' paths are relative to
 */
export async function bundle(entryPoints, outdir, outbase) {
  await build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    outbase,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "cjs",
    target: "node20",
    logLevel: "warning",
    // Without this, the "paths" of tsconfig.json would resolve the package to src/ instead of dist/.
    tsconfigRaw: "{}",
  });
}
