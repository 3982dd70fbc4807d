// @ts-check
// Writes docs/settings.md from the options tables: node scripts/make-settings-docs.mjs
import { build } from "esbuild";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./run.mjs";

const folder = mkdtempSync(join(tmpdir(), "settings-docs-"));
try {
  const outfile = join(folder, "settings-page.cjs");
  await build({
    entryPoints: [join(root, "src/settings/settings-page.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
  });
  const { settingsPage } = createRequire(import.meta.url)(outfile);
  writeFileSync(join(root, "docs/settings.md"), settingsPage());
  console.log("docs/settings.md");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
