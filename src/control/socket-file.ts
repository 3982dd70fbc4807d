import { lstatSync, linkSync, mkdtempSync, chmodSync, rmSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname, join, resolve } from "node:path";
import { once } from "node:events";
import { withHelp } from "../errors.js";

/** Thrown if a control socket cannot be created at its path. */
export class ControlSocketError extends Error {
  readonly code = "ERR_BUNKER_CONTROL";
  constructor(path: string, why: string, cause?: unknown) {
    super(withHelp("ERR_BUNKER_CONTROL", `no control socket at ${path}: ${why}`), { cause });
    this.name = "ControlSocketError";
  }
}

/**
 * Makes `server` listen on a unix socket at `path` that only this user may open. It is created in a folder that no other user can
 * enter, and moved once its permissions are set, so that other users can never connect. The socket of a killed process is
 * replaced; any other file at `path` is kept.
 *
 * @returns a function that removes the socket, if it is still this one
 * @throws {ControlSocketError} `ERR_BUNKER_CONTROL` if another file is at `path` or it cannot be written
 */
export async function listenAt(server: Server, path: string): Promise<() => void> {
  let folder: string | undefined;
  try {
    await removeStale(path);
    folder = mkdtempSync(`${dirname(path)}/.`);
    const made = join(folder, "s");
    server.listen({ path: made, exclusive: true });
    await once(server, "listening");
    chmodSync(made, 0o600);
    const { ino } = lstatSync(made);
    // Unlike a rename, a link fails if another process was faster.
    linkSync(made, path);
    // The working directory may change before the removal.
    const absolute = resolve(path);
    return () => removeIf(absolute, ino);
  } catch (error) {
    server.close();
    if (error instanceof ControlSocketError) throw error;
    const taken = (error as { code?: unknown }).code === "EEXIST";
    throw new ControlSocketError(path, taken ? "another process was faster" : firstLineOf(error), error);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new ControlSocketError(path, "something else is there");
  if (found.uid !== process.getuid?.() || (found.mode & 0o777) !== 0o600)
    throw new ControlSocketError(path, "a socket that is not ours is there");
  if (await isListening(path)) throw new ControlSocketError(path, "another process listens there");
  removeIf(path, found.ino);
}

function removeIf(path: string, ino: number): void {
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) unlinkSync(path);
  } catch {
    // The folder is gone, or another process has removed the socket.
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // Only a refused connection proves that no process listens.
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
}

function firstLineOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === "ENOENT") return "there is no such folder";
  if (code === "EACCES" || code === "EPERM") return "the folder may not be written";
  return (message ?? String(error)).split("\n", 1)[0] as string;
}
