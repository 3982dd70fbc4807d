// @ts-check
// Programs that the tests need and npm does not bring: looks for them and, as root on Debian or Ubuntu, installs them.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./run.mjs";

/**
 * @typedef {object} Program
 * @property {string} name What people call it.
 * @property {string} purpose What the tests do with it.
 * @property {string[]} commands Names to look for in PATH, best first.
 * @property {string[]} [paths] Absolute places to look at before PATH.
 * @property {string} [variable] Environment variable that may hold its path; set for the tests once it is found.
 * @property {string} [probe] What it is started with to see that it works; default `--version`.
 * @property {string[]} debian Debian packages that bring it.
 */

/** One entry here is all that a further program takes. @type {Program[]} */
const PROGRAMS = [
  {
    name: "Chromium",
    purpose: "browser tests",
    variable: "CHROMIUM_PATH",
    paths: ["/usr/bin/chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"],
    commands: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    // Without a font every letter on a screenshot is a box.
    debian: ["chromium", "fonts-dejavu-core"],
  },
  { name: "curl", purpose: "playing the demo's printed commands", commands: ["curl"], debian: ["curl"] },
  {
    name: "rbldnsd",
    purpose: "DNSBL tests (the server that blocklists run)",
    paths: ["/usr/sbin/rbldnsd", "/usr/local/sbin/rbldnsd"],
    commands: ["rbldnsd"],
    probe: "-h",
    debian: ["rbldnsd"],
  },
  {
    name: "unbound",
    purpose: "DNSBL tests (a resolver)",
    paths: ["/usr/sbin/unbound", "/usr/local/sbin/unbound"],
    commands: ["unbound"],
    probe: "-V",
    debian: ["unbound"],
  },
  {
    name: "OpenSSL",
    purpose: "certificates for tests with TLS",
    commands: ["openssl"],
    probe: "version",
    debian: ["openssl"],
  },
  {
    name: "Redis",
    purpose: "tests of the Redis store",
    paths: ["/usr/bin/redis-server", "/usr/local/bin/redis-server"],
    commands: ["redis-server"],
    debian: ["redis-server"],
  },
  {
    name: "redis-cli",
    purpose: "tests of the Redis store",
    commands: ["redis-cli"],
    debian: ["redis-tools"],
  },
];

/**
 * Finds every program, installing the missing ones where that is possible, and says what to install where it is not.
 * @returns {Promise<NodeJS.ProcessEnv | undefined>} variables that tell the tests where the programs are; `undefined` when one is missing
 */
export async function requireSystemPackages() {
  const missing = PROGRAMS.filter((program) => find(program) === undefined);
  if (missing.length > 0 && mayInstall() && !(await aptInstall(missing.flatMap(({ debian }) => debian)))) {
    console.log("apt-get failed; see above.");
  }
  const lacking = PROGRAMS.filter((program) => find(program) === undefined);
  for (const { name, purpose, variable, commands, debian } of lacking) {
    console.log(`${name} is missing (needed for ${purpose}). Looked for: ${commands.join(", ")}.`);
    console.log(`  Debian or Ubuntu, as root:  apt-get install --no-install-recommends ${debian.join(" ")}`);
    if (variable) console.log(`  Installed elsewhere:        set ${variable} to its path`);
  }
  if (lacking.length > 0) return undefined;
  return Object.fromEntries(
    PROGRAMS.flatMap((program) => (program.variable ? [[program.variable, find(program)]] : [])),
  );
}

/**
 * Path of a program that starts, or `undefined`.
 * @param {Program} program
 */
function find({ variable, paths = [], commands, probe = "--version" }) {
  const given = variable ? process.env[variable] : undefined;
  // A path that somebody set by hand is the only one tried: falling back would test another browser than they asked for.
  const candidates = given
    ? [given]
    : [
        ...paths,
        ...(process.env["PATH"] ?? "").split(delimiter).flatMap((dir) => commands.map((c) => join(dir, c))),
      ];
  // Ubuntu's "chromium" package is a stub that only tells people to use snap: a file that is there may still not start.
  return candidates.find(
    (path) => existsSync(path) && spawnSync(path, [probe], { timeout: 30_000 }).status === 0,
  );
}

/** Whether we are root on a system with apt. */
function mayInstall() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && existsSync("/usr/bin/apt-get");
}

/** @param {string[]} packages */
async function aptInstall(packages) {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  console.log("Updating the list of Debian packages …");
  if ((await run("apt-get", ["update", "-q"], { env, quiet: true })) !== 0) return false;
  console.log(`Installing Debian packages: ${packages.join(" ")} …`);
  const args = ["install", "-y", "-q", "--no-install-recommends", ...packages];
  return (await run("apt-get", args, { env, quiet: true })) === 0;
}
