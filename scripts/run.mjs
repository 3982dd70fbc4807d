// @ts-check
// Runs child processes for the other scripts, which must work before anything is installed: Node's own modules only.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Path of a command that an installed package brings along, to be run with Node itself. */
export const tool = (/** @type {string} */ path) => `${root}node_modules/${path}`;

/**
 * Runs a command in the repository's root, its output going where ours goes, and answers its exit code (128 + signal
 * number when a signal ended it, 127 when it could not be started).
 *
 * Both of the child's streams go to our standard output, so that lines never change places where the two are merged.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, timeoutMs?: number, quiet?: boolean, awaitInterrupted?: boolean, signal?: AbortSignal }} [options]
 *   `timeoutMs`: kill it after that many milliseconds; `quiet`: show its output only when it fails; `awaitInterrupted`:
 *   after Ctrl-C wait for the child to end in its own time instead of ending at once; `signal`: kill it when this is aborted.
 * @returns {Promise<number>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...options.env },
      stdio: options.quiet ? ["ignore", "pipe", "pipe"] : ["ignore", 1, 1],
      // A killed step must take its own children along; a group of its own makes that possible.
      detached: options.timeoutMs !== undefined && process.platform !== "win32",
    });
    const output = /** @type {Buffer[]} */ ([]);
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));

    const kill = (/** @type {NodeJS.Signals} */ signal) => {
      if (child.pid === undefined || child.exitCode !== null) return;
      try {
        if (options.timeoutMs !== undefined && process.platform !== "win32") process.kill(-child.pid, signal);
        else child.kill(signal);
      } catch {
        // It ended by itself in the meantime.
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
    // Ctrl-C ends the child first: it may be in a group of its own, which the terminal does not reach.
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

/** Runs a Node script of ours or of an installed package; see {@link run}. @type {(script: string, args?: readonly string[], options?: Parameters<typeof run>[2]) => Promise<number>} */
export const runNode = (script, args = [], options = {}) => run(process.execPath, [script, ...args], options);
