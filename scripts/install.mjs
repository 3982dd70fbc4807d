// @ts-check
// Installs the npm packages of this repository when they are missing or older than package-lock.json says.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run, runNode } from "./run.mjs";

/**
 * Installs what package-lock.json asks for, if it is not there already. Says why before it starts.
 * @returns {Promise<boolean>} whether everything is in place
 */
export async function installPackages() {
  const reason = whyInstall();
  if (reason === undefined) return true;
  console.log(`Installing npm packages (${reason}) …`);
  // Not "npm ci": it refuses a lock file that lacks binaries of other platforms, and npm itself leaves those out when the
  // registry it asks does not have them. This installs the same locked versions and leaves the lock file as it is.
  // NODE_ENV=production would leave out the compiler and the test tools.
  const args = ["install", "--no-save", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env["npm_execpath"];
  const code = npm?.endsWith(".js") ? await runNode(npm, args) : await run("npm", args);
  if (code !== 0) console.log("npm could not install them; see above.");
  return code === 0;
}

/** Why an installation is due; `undefined` when it is not. */
function whyInstall() {
  const wanted = lockedVersions("package-lock.json");
  const present = lockedVersions("node_modules/.package-lock.json");
  if (wanted === undefined) throw new Error("package-lock.json is missing or unreadable");
  if (present === undefined) return "none are installed yet";
  for (const [path, { version, optional }] of wanted) {
    // Optional ones are binaries of other platforms, left out on this one.
    if (!optional && present.get(path)?.version !== version) return `${path} should be ${version}`;
  }
  return undefined;
}

/**
 * Path and version of every package that a lock file names; npm keeps one of what it installed inside node_modules.
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
