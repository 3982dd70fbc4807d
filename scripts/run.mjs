// @ts-check
// Runs child processes for the other scripts. It must work before packages are installed, so it uses only Node's own modules.
import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { fileURLToPath } from "node:url";

/** The path of the repository, with a slash at the end. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Returns the path of a script in an installed package, to be run with Node. */
export const tool = (/** @type {string} */ path) => `${root}node_modules/${path}`;

/**
 * Runs a command in the repository's root and returns its exit code: 128 + the signal number if a signal ended it, 127 if it
 * could not be started.
 *
 * Both of the child's output streams go to our standard output, so that their lines stay in order.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, timeoutMs?: number, quiet?: boolean, awaitInterrupted?: boolean, signal?: AbortSignal, patient?: boolean }} [options]
 *   `timeoutMs`: kill the child after that many milliseconds; `quiet`: show its output only if it fails; `awaitInterrupted`:
 *   after Ctrl-C, wait for the child to end instead of exiting at once; `signal`: kill the child when this is aborted; `patient`: give it only the CPU time
 *   that no other process wants.
 * @returns {Promise<number>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...options.env },
      stdio: options.quiet ? ["ignore", "pipe", "pipe"] : ["ignore", 1, 1],
      // With its own process group, the child can be killed together with its children.
      detached: options.timeoutMs !== undefined && process.platform !== "win32",
    });
    // A system that does not allow it runs the child as any other.
    if (options.patient && child.pid !== undefined) trySetPriority(child.pid);
    const output = /** @type {Buffer[]} */ ([]);
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));

    const kill = (/** @type {NodeJS.Signals} */ signal) => {
      if (child.pid === undefined || child.exitCode !== null) return;
      try {
        if (options.timeoutMs !== undefined && process.platform !== "win32") process.kill(-child.pid, signal);
        else child.kill(signal);
      } catch {
        // The child ended by itself in the meantime.
      }
    };
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            console.log(`stopped: it took longer than ${Math.round((options.timeoutMs ?? 0) / 1000)} s`);
            kill("SIGKILL");
          }, options.timeoutMs);
    options.signal?.addEventListener("abort", () => kill("SIGKILL"));
    // We pass Ctrl-C on, because a child in its own process group does not get it from the terminal.
    const interrupt = (/** @type {NodeJS.Signals} */ signal) => {
      kill(signal);
      if (!options.awaitInterrupted) process.exit(128 + constants.signals[signal]);
    };
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    const done = (/** @type {number} */ code) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      resolve(code);
    };
    child.once("error", (error) => {
      console.log(`${command}: ${error.message}`);
      done(127);
    });
    child.once("close", (code, signal) => done(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** @param {number} pid */
function trySetPriority(pid) {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It is only slower for the others.
  }
}

/** Runs a Node script from this repository or an installed package; see {@link run}. @type {(script: string, args?: readonly string[], options?: Parameters<typeof run>[2]) => Promise<number>} */
export const runNode = (script, args = [], options = {}) => run(process.execPath, [script, ...args], options);
