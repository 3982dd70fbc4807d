import { lstatSync, linkSync, mkdtempSync, chmodSync, rmSync, unlinkSync, type Stats } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname, join, resolve } from "node:path";
import { once } from "node:events";
import { withHelp } from "../errors.js";

/** Thrown when a control socket cannot be made where it should be. */
export class ControlSocketError extends Error {
  readonly code = "ERR_BUNKER_CONTROL";
  constructor(path: string, why: string, cause?: unknown) {
    super(withHelp("ERR_BUNKER_CONTROL", `no control socket at ${path}: ${why}`), { cause });
    this.name = "ControlSocketError";
  }
}

/**
 * Has `server` listen on a unix socket at `path` that only this user may open. It is made in a folder that nobody else can enter
 * and moved when its permissions are right, so that there is no moment at which others could connect. What a killed process
 * left there is replaced; anything else is left alone.
 *
 * @returns removes the socket, if it is still this one
 * @throws {ControlSocketError} `ERR_BUNKER_CONTROL` when something else is at `path` or it cannot be written
 */
export async function listenAt(server: Server, path: string): Promise<() => void> {
  let folder: string | undefined;
  try {
    await makeRoom(path);
    folder = mkdtempSync(`${dirname(path)}/.`);
    const made = join(folder, "s");
    server.listen({ path: made, exclusive: true });
    await once(server, "listening");
    chmodSync(made, 0o600);
    const { ino } = lstatSync(made);
    // Unlike a rename, it fails when another process was faster.
    linkSync(made, path);
    // Its working directory may be another one by then.
    const whole = resolve(path);
    return () => removeIf(whole, (found) => found.ino === ino);
  } catch (error) {
    server.close();
    if (error instanceof ControlSocketError) throw error;
    const taken = (error as { code?: unknown }).code === "EEXIST";
    throw new ControlSocketError(path, taken ? "another process was faster" : firstLineOf(error), error);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function makeRoom(path: string): Promise<void> {
  const found = statOf(path);
  if (found === undefined) return;
  if (!found.isSocket()) throw new ControlSocketError(path, "something else is there");
  if (found.uid !== process.getuid?.() || (found.mode & 0o777) !== 0o600)
    throw new ControlSocketError(path, "a socket that is not ours is there");
  if (await isListening(path)) throw new ControlSocketError(path, "another process listens there");
  removeIf(path, (now) => now.ino === found.ino);
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function removeIf(path: string, isIt: (found: Stats) => boolean): void {
  try {
    const found = statOf(path);
    if (found !== undefined && isIt(found)) unlinkSync(path);
  } catch {
    // Its folder is gone, or somebody else has removed it.
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // Whatever else is wrong with it, it is not known to be left over.
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
}

function firstLineOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === "ENOENT") return "there is no such folder";
  if (code === "EACCES" || code === "EPERM") return "the folder may not be written";
  return (message ?? String(error)).split("\n", 1)[0] as string;
}
