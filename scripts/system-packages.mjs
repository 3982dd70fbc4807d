// @ts-check
// Finds the programs that the tests need and npm does not install. As root on Debian or Ubuntu, it installs missing ones.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./run.mjs";

/**
 * @typedef {object} Program
 * @property {string} name Name in messages.
 * @property {string} purpose What the tests use it for.
 * @property {string[]} commands Names to look for in PATH, best first.
 * @property {string[]} [paths] Absolute paths to try before PATH.
 * @property {string} [variable] Environment variable that may hold its path; it is set for the tests.
 * @property {string} [probe] Argument of the trial start; default: `--version`.
 * @property {string[]} debian Debian packages that contain it.
 */

/** The required programs. @type {Program[]} */
const PROGRAMS = [
  {
    name: "Chromium",
    purpose: "browser tests",
    variable: "CHROMIUM_PATH",
    paths: ["/usr/bin/chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"],
    commands: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    // Without a font, every letter in a screenshot is a box.
    debian: ["chromium", "fonts-dejavu-core"],
  },
  { name: "curl", purpose: "the commands that the demo prints", commands: ["curl"], debian: ["curl"] },
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
    name: "promtool",
    purpose: "tests of the metrics page and of the alert rules",
    commands: ["promtool"],
    debian: ["prometheus"],
  },
  {
    name: "redis-cli",
    purpose: "tests of the Redis store",
    commands: ["redis-cli"],
    debian: ["redis-tools"],
  },
  {
    name: "nginx",
    purpose: "the tests of examples/compose",
    paths: ["/usr/sbin/nginx", "/usr/local/sbin/nginx"],
    commands: ["nginx"],
    probe: "-v",
    debian: ["nginx-light"],
  },
  {
    name: "fail2ban",
    purpose: "the test of examples/fail2ban",
    commands: ["fail2ban-regex"],
    debian: ["fail2ban"],
  },
];

/**
 * Finds every program and installs missing ones if possible; otherwise it prints what to install.
 * @returns {Promise<NodeJS.ProcessEnv | undefined>} variables with the programs' paths; `undefined` if one is missing
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
 * Returns the path of a program if it starts, or `undefined`.
 * @param {Program} program
 */
function find({ variable, paths = [], commands, probe = "--version" }) {
  const given = variable ? process.env[variable] : undefined;
  // A path in the variable is the only one tried: a fallback would test with a program that was not asked for.
  const candidates = given
    ? [given]
    : [
        ...paths,
        ...(process.env["PATH"] ?? "").split(delimiter).flatMap((dir) => commands.map((c) => join(dir, c))),
      ];
  // A file that exists may still not start: Ubuntu's "chromium" package is a stub that only asks people to use snap.
  return candidates.find(
    (path) => existsSync(path) && spawnSync(path, [probe], { timeout: 30_000 }).status === 0,
  );
}

/** Returns whether we are root on a system with apt. */
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
