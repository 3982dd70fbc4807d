// @ts-check
// Writes docs/settings.md and docs/options.md from the option tables: node scripts/make-docs.mjs
import { build } from "esbuild";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "./run.mjs";

// The folder is inside the repository, so that the bundles can import its packages.
const folder = mkdtempSync(join(root, "node_modules/.make-docs-"));
try {
  await build({
    entryPoints: [join(root, "scripts/docs/settings-page.ts"), join(root, "scripts/docs/options-page.ts")],
    outdir: folder,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "cjs",
    target: "node20",
  });
  const require = createRequire(join(folder, "from.cjs"));
  writeFileSync(join(root, "docs/settings.md"), require("./settings-page.js").settingsPage());
  writeFileSync(join(root, "docs/options.md"), require("./options-page.js").optionsPage());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
