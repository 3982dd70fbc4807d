// @ts-check
// Installs the npm packages of this repository if they are missing or differ from package-lock.json.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run, runNode } from "./run.mjs";

/**
 * Installs the packages of package-lock.json unless they are installed. Prints the reason before it starts.
 * @returns {Promise<boolean>} whether all packages are installed
 */
export async function installPackages() {
  const reason = whyInstall();
  if (reason === undefined) return true;
  console.log(`Installing npm packages (${reason}) …`);
  // "npm ci" refuses a lock file without binaries of other platforms, and npm itself leaves those out when its registry does
  // not have them. "npm install --no-save" installs the same locked versions and does not change the lock file.
  // NODE_ENV=production would leave out the compiler and the test tools.
  const args = ["install", "--no-save", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env["npm_execpath"];
  const code = npm?.endsWith(".js") ? await runNode(npm, args) : await run("npm", args);
  if (code !== 0) console.log("npm could not install them; see above.");
  return code === 0;
}

/** Returns why an installation is needed, or `undefined` if it is not. */
function whyInstall() {
  const wanted = lockedVersions("package-lock.json");
  const present = lockedVersions("node_modules/.package-lock.json");
  if (wanted === undefined) throw new Error("package-lock.json is missing or unreadable");
  if (present === undefined) return "none are installed yet";
  for (const [path, { version, optional }] of wanted) {
    // Optional packages are binaries of other platforms, which are not installed on this one.
    if (!optional && present.get(path)?.version !== version) return `${path} should be ${version}`;
  }
  return undefined;
}

/**
 * Returns path and version of every package in a lock file. npm also keeps a lock file of the installed ones in node_modules.
 * @param {string} file
 */
function lockedVersions(file) {
  try {
    const { packages } = JSON.parse(readFileSync(join(root, file), "utf8"));
    return new Map(
      Object.entries(packages)
        .filter(([path]) => path !== "")
        .map(([path, entry]) => [
          path,
          { version: entry.version, optional: Boolean(entry.optional || entry.devOptional) },
        ]),
    );
  } catch {
    return undefined;
  }
}
