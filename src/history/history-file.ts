import { randomBytes } from "node:crypto";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../lists/list-folder.js";

/** More is not read: it is none of ours. */
const MAX_BYTES = 20_000_000;
const NAME = /^history-(\d+)-[0-9a-f]+\.json$/;

// The open files of this process, which are not abandoned.
const open = new Set<string>();

/** What a process knows, as it is kept in a file. */
export interface KeptHistory {
  readonly counts: unknown;
  readonly events: unknown;
  readonly tops: unknown;
  /** The names of files whose content is part of this one. */
  readonly includes: readonly string[];
}

/** The file that keeps the history of one process over restarts. A process takes over the files of those that no longer run. */
export class HistoryFile {
  private readonly name = `history-${process.pid}-${randomBytes(6).toString("hex")}.json`;
  private taken: string[] = [];
  private writing: Promise<void> = Promise.resolve();

  /** @param folder made when something is written to it */
  constructor(private readonly folder: string) {
    open.add(this.path(this.name));
  }

  /** Reads what processes have left that no longer run. Its next {@link write} must contain it. */
  async takeOver(): Promise<KeptHistory[]> {
    const found: { name: string; kept: KeptHistory }[] = [];
    for (const name of await readdir(this.folder).catch(() => [] as string[])) {
      if (!this.isAbandoned(name)) continue;
      // Renamed first, so that only one of several processes takes it over.
      const claimed = `history-${process.pid}-${randomBytes(6).toString("hex")}.json`;
      open.add(this.path(claimed));
      try {
        await rename(this.path(name), this.path(claimed));
      } catch {
        open.delete(this.path(claimed));
        continue;
      }
      this.taken.push(claimed);
      const kept = await this.read(claimed);
      if (kept !== undefined) found.push({ name, kept });
    }
    // A process that ended between writing what it had taken over and removing that has left it twice.
    const included = new Set(found.flatMap(({ kept }) => kept.includes));
    return found.filter(({ name }) => !included.has(name)).map(({ kept }) => kept);
  }

  /** Replaces the file; one write at a time. */
  write(kept: Omit<KeptHistory, "includes">): Promise<void> {
    const write = async (): Promise<void> => {
      const { taken } = this;
      await replaceFile(this.path(this.name), `${JSON.stringify({ ...kept, includes: taken })}\n`);
      for (const name of taken) {
        await rm(this.path(name), { force: true });
        open.delete(this.path(name));
      }
      if (this.taken === taken) this.taken = [];
    };
    return (this.writing = this.writing.then(write, write));
  }

  /** Releases the file, so that another history can take it over. */
  close(): void {
    for (const name of [this.name, ...this.taken]) open.delete(this.path(name));
  }

  private async read(name: string): Promise<KeptHistory | undefined> {
    try {
      const text = await readFile(this.path(name), "utf8");
      if (text.length > MAX_BYTES) return undefined;
      const { counts, events, tops, includes } = JSON.parse(text) as Readonly<Record<string, unknown>>;
      const names = Array.isArray(includes) ? (includes as unknown[]) : [];
      return { counts, events, tops, includes: names.filter((one) => typeof one === "string") };
    } catch {
      return undefined;
    }
  }

  private isAbandoned(name: string): boolean {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || open.has(this.path(name))) return false;
    return Number(pid) === process.pid || !isAlive(Number(pid));
  }

  private path(name: string): string {
    return join(this.folder, name);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
}
