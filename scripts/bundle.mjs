// @ts-check
// Turns our TypeScript programs (examples, benches) into JavaScript that Node 20 runs.
import { build } from "esbuild";
import { root } from "./run.mjs";

/**
 * Bundles each entry file into `outdir`, keeping the folders. Packages stay outside the bundles, `express-bunker` among
 * them: it is found in dist/ through package.json, as its users find it.
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
    // The "paths" of tsconfig.json lead the type checker to src/; here dist/ is meant.
    tsconfigRaw: "{}",
  });
}
