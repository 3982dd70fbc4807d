// @ts-check
// Builds the page of the dashboard, which runs in the operator's browser: type-checks it, and writes it as static files whose names
// carry a hash of their content. The same sources always result in the same bytes.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { minifySync } from "@swc/core";
import { buildSync } from "esbuild";
import { root, tool } from "./run.mjs";

const sources = join(root, "src/dashboard/page");

/** Where the server finds the files: beside its compiled code, and beside its sources, which the tests run. */
const FOLDERS = {
  published: join(root, "dist/dashboard/static"),
  sources: join(root, "src/dashboard/static"),
};

/** The packages that end up in the script. Their licence asks for its text in every copy. */
const BUNDLED = ["preact", "@preact/signals", "@preact/signals-core", "uplot"];

/**
 * Bundles and minifies the page in memory.
 * @returns {Record<string, string>} the texts of the files by their names
 */
export function dashboardFiles() {
  const script = hashed("app", ".js", `/*! MIT-licensed parts: licenses.txt */\n${bundle("js")}\n`);
  const style = hashed("app", ".css", `${bundle("css")}\n`);
  const icon = hashed("icon", ".svg", readFileSync(join(sources, "icon.svg"), "utf8"));
  return {
    ...script.file,
    ...style.file,
    ...icon.file,
    "licenses.txt": licences(),
    "manifest.json": `${JSON.stringify({ script: script.name, style: style.name, icon: icon.name })}\n`,
  };
}

/** The charts, minified by their author; src/dashboard/page/charts/uplot.ts declares what it defines. */
const UPLOT = "node_modules/uplot/dist/uPlot.iife.min.js";

/** What runs the page, and how it looks. */
const ENTRIES = {
  js: { contents: 'import { openPage } from "./main.js"; openPage();', loader: /** @type {const} */ ("ts") },
  css: { contents: '@import "./style/page.css";', loader: /** @type {const} */ ("css") },
};

/**
 * Returns all of the scripts or styles as one minified text.
 * @param {keyof typeof ENTRIES} kind
 */
function bundle(kind) {
  const { outputFiles } = buildSync({
    stdin: { ...ENTRIES[kind], resolveDir: sources },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    // The first versions that need no rewriting of what the page is written in.
    target: ["es2020", "chrome100", "firefox100", "safari15.4"],
    charset: "ascii",
    legalComments: "none",
    jsx: "transform",
    jsxFactory: "h",
    jsxFragment: "Fragment",
    inject: kind === "js" ? [join(sources, "jsx.ts")] : [],
    write: false,
    tsconfigRaw: "{}",
    logLevel: "warning",
  });
  const text = outputFiles[0]?.text ?? "";
  if (kind === "css") return text.trimEnd();
  // SWC only gives shorter names: chosen by how often they occur, they make the compressed file smaller by a twentieth.
  const { code } = minifySync(text, { compress: false, mangle: { toplevel: true }, module: true });
  return `${readFileSync(join(root, UPLOT), "utf8").trim()}\n${code.trimEnd()}`;
}

/**
 * Checks the page and writes its files. Prints errors in the sources.
 * @returns {string[] | undefined} the files it wrote to dist/; `undefined` after errors
 */
export function buildDashboard() {
  const compiler = spawnSync(process.execPath, [tool("typescript/bin/tsc"), "-p", sources], {
    cwd: root,
    encoding: "utf8",
  });
  process.stdout.write(`${compiler.stdout}${compiler.stderr}`);
  if (compiler.status !== 0) return undefined;
  const files = dashboardFiles();
  for (const folder of Object.values(FOLDERS)) write(folder, files);
  return Object.keys(files).map((name) => join(FOLDERS.published, name));
}

/** @param {string} name @param {string} ending @param {string} text */
function hashed(name, ending, text) {
  const hash = createHash("sha256").update(text).digest("base64url").replace(/[-_]/g, "").slice(0, 10);
  const full = `${name}-${hash}${ending}`;
  return { name: full, file: { [full]: text } };
}

function licences() {
  const text = (/** @type {string} */ name) =>
    readFileSync(join(root, "node_modules", name, "LICENSE"), "utf8").trim();
  return `${BUNDLED.map((name) => `${name}\n\n${text(name)}`).join(`\n\n${"-".repeat(78)}\n\n`)}\n`;
}

/** @param {string} folder @param {Record<string, string>} files */
function write(folder, files) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    // An unchanged file is not written again, so that watchers are not triggered.
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
  }
  for (const name of readdirSync(folder)) if (!(name in files)) rmSync(join(folder, name));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  // With --print the files go to standard output as JSON, and nothing is written.
  if (process.argv[2] === "--print") process.stdout.write(JSON.stringify(dashboardFiles()));
  else process.exitCode = buildDashboard() ? 0 : 1;
}
