import { createHash, randomBytes, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { replaceFile } from "../lists/list-folder.js";

/** The metadata of a stored list, in its last line. */
export interface ListMetadata {
  /** The hash of the list as it was downloaded, to detect an unchanged download. */
  readonly sha512: string;
  readonly suspended: boolean;
}

/** The files of one BunkerNet server below `cacheDir`. Files are replaced atomically. */
export class StateFiles {
  constructor(readonly folder: string) {}

  /** Reads a JSON file; `undefined` = absent or damaged. */
  async readJson(name: string): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(this.folder, name), "utf8")) as unknown;
    } catch {
      return undefined;
    }
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await replaceFile(join(this.folder, name), `${JSON.stringify(value)}\n`);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.folder, name), { force: true });
  }

  /** Renames a file; `false` = it does not exist, because another process was faster. */
  async rename(from: string, to: string): Promise<boolean> {
    return rename(join(this.folder, from), join(this.folder, to)).then(
      () => true,
      () => false,
    );
  }

  /** The names of all files. */
  async names(): Promise<string[]> {
    return readdir(this.folder).catch(() => []);
  }

  /** Starts writing a list. */
  async beginList(name: string): Promise<ListWriter> {
    const path = join(this.folder, name);
    await this.sweep(name);
    const made = await temporary(path);
    return new ListWriter(await open(made, "wx", 0o600), made, path);
  }

  /**
   * Reads a stored list in chunks. Returns its metadata, or `undefined` if it is absent or incomplete.
   */
  async readList(
    name: string,
    take: (entries: readonly string[]) => Promise<void>,
  ): Promise<ListMetadata | undefined> {
    const hash = createHash("sha512");
    let rest = "";
    try {
      for await (const chunk of createReadStream(
        join(this.folder, name),
        "latin1",
      ) as AsyncIterable<string>) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() as string;
        const last = lines.at(-1)?.startsWith("#") === true ? lines.pop() : undefined;
        hash.update(lines.map((line) => `${line}\n`).join(""), "latin1");
        await take(lines);
        if (last !== undefined) return metadataOf(last, hash);
      }
    } catch {
      // Absent or unreadable.
    }
    return undefined;
  }

  // Removes the temporary files of processes that no longer run.
  private async sweep(name: string): Promise<void> {
    for (const found of await this.names()) {
      const pid = new RegExp(`^${name.replace(".", "\\.")}\\.(\\d+)-[0-9a-f]{12}$`).exec(found)?.[1];
      if (pid !== undefined && !isAlive(Number(pid))) await this.remove(found);
    }
  }
}

/** Writes a list, which becomes visible with `commit`. */
export class ListWriter {
  private readonly hash: Hash = createHash("sha512");

  constructor(
    private readonly handle: FileHandle,
    private readonly temporaryPath: string,
    private readonly path: string,
  ) {}

  async write(entries: readonly string[]): Promise<void> {
    const text = entries.map((entry) => `${entry}\n`).join("");
    this.hash.update(text, "latin1");
    await this.handle.writeFile(text, "latin1");
  }

  async commit(about: ListMetadata): Promise<void> {
    try {
      const check = this.hash.digest("hex");
      await this.handle.writeFile(`#${JSON.stringify({ ...about, check })}\n`, "latin1");
      await this.handle.sync();
      await this.handle.close();
      await rename(this.temporaryPath, this.path);
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async discard(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await rm(this.temporaryPath, { force: true });
  }
}

/** Whether a process of this machine is running. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
}

function metadataOf(line: string, hash: Hash): ListMetadata | undefined {
  const { sha512, suspended, check } = JSON.parse(line.slice(1)) as Record<string, unknown>;
  return check === hash.digest("hex") && typeof sha512 === "string"
    ? { sha512, suspended: suspended === true }
    : undefined;
}

async function temporary(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  return join(dirname(path), `${basename(path)}.${process.pid}-${randomBytes(6).toString("hex")}`);
}
