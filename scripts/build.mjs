// @ts-check
// Builds the scripts for browsers and the dashboard's page, then the library into dist/, and removes the leftovers of earlier builds.
import { copyFileSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { buildBrowser } from "./build-browser.mjs";
import { buildDashboard } from "./build-dashboard.mjs";
import { root, tool } from "./run.mjs";

/**
 * Compiles src/ to dist/. Prints the compiler's errors.
 * @returns {boolean} whether it compiled without errors
 */
export function build() {
  // The scripts for browsers come first, because the library holds them as strings.
  const browserFiles = buildBrowser();
  if (browserFiles === undefined) return false;
  const dashboardFiles = buildDashboard();
  if (dashboardFiles === undefined) return false;
  const compiler = spawnSync(
    process.execPath,
    [tool("typescript/bin/tsc"), "-p", "tsconfig.build.json", "--listEmittedFiles"],
    { cwd: root, encoding: "utf8" },
  );
  const lines = `${compiler.stdout}${compiler.stderr}`.split("\n").filter((line) => line !== "");
  const emitted = new Set(
    lines.flatMap((line) => (line.startsWith("TSFILE: ") ? [resolve(line.slice(8))] : [])),
  );
  for (const line of lines) if (!line.startsWith("TSFILE: ")) console.log(line);
  if (compiler.status !== 0) return false;
  // The captcha's outlines come from openly licensed fonts, so the licence is published with them.
  const licence = join(root, "dist/antibot/challenges/captcha/OFL.txt");
  copyFileSync(join(root, "src/antibot/challenges/captcha/OFL.txt"), licence);
  // Stale files are removed after the compiler has written, so that dist/ is never empty for a program that uses it meanwhile.
  removeAllBut(new Set([...browserFiles, ...dashboardFiles, ...emitted, licence]), join(root, "dist"));
  return true;
}

/**
 * Removes every file below `folder` that is not in `keep`, and the folders that this leaves empty.
 * @param {ReadonlySet<string>} keep
 * @param {string} folder
 */
function removeAllBut(keep, folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      removeAllBut(keep, path);
      if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
    } else if (!keep.has(path)) rmSync(path);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = build() ? 0 : 1;
