import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Version } from "./list-source.js";

/** The last good copy of one source, as it is kept on disk. */
export interface KeptCopy {
  readonly text: string;
  readonly version: Version;
  /** When it was last known to be current, in ms. */
  readonly checked: number;
}

/** The folder that keeps downloaded lists over restarts: one copy a URL, and the merged list. */
export class ListFolder {
  /** @param folder made when something is written to it */
  constructor(private readonly folder: string) {}

  /** The copy kept for a URL; `undefined` when there is none that can be read. */
  async read(url: string): Promise<KeptCopy | undefined> {
    try {
      const about: unknown = JSON.parse(await readFile(this.path(url, "json"), "utf8"));
      const text = await readFile(this.path(url, "list"), "utf8");
      const { etag, modified, checked, sha512 } = about as Record<string, unknown>;
      // A copy that was cut short must not stand for the whole list.
      if (sha512 !== checksum(text)) return undefined;
      return {
        text,
        version: {
          ...(typeof etag === "string" ? { etag } : {}),
          ...(typeof modified === "string" ? { modified } : {}),
        },
        checked: typeof checked === "number" ? checked : 0,
      };
    } catch {
      return undefined;
    }
  }

  /** Keeps a copy; with `changed` false only its metadata, since the text that is kept is still current. */
  async write(url: string, { text, version, checked }: KeptCopy, changed: boolean): Promise<void> {
    if (changed) await replaceFile(this.path(url, "list"), text);
    const metadata = { ...version, checked, sha512: checksum(text) };
    await replaceFile(this.path(url, "json"), `${JSON.stringify(metadata)}\n`);
  }

  /** Keeps the merged list under a name of its own. */
  async writeMerged(name: string, entries: readonly string[]): Promise<void> {
    await replaceFile(join(this.folder, name), entries.map((entry) => `${entry}\n`).join(""));
  }

  private path(url: string, ending: string): string {
    return join(this.folder, `${createHash("sha1").update(url).digest("hex")}.${ending}`);
  }
}

/** Identifies the content of a list. */
export function checksum(text: string): string {
  return createHash("sha512").update(text).digest("hex");
}

/** Replaces a file, and makes its folder: other processes may read at any time and see the old file or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const made = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(made, text, { mode: 0o600 });
    await rename(made, path);
  } catch (error) {
    await rm(made, { force: true });
    throw error;
  }
}
