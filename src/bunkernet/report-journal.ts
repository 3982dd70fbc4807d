import { isAlive, type KeptFiles } from "./kept-files.js";
import type { Report } from "./report.js";
import type { Queued } from "./report-queue.js";

const NAME = /^reports-(\d+)-(\d+)\.json$/;

// The journals of this process, by folder: two of them must not share a file.
const numbers = new Map<string, number>();

/** A copy on disk of the reports that wait in this process's memory, a file a process. */
export class ReportJournal {
  private readonly reports = new Map<string, Report>();
  private readonly name: string;
  private readonly own: number;
  private dirty = false;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly files: KeptFiles) {
    this.name = numbered(files.folder);
    this.own = Number(NAME.exec(this.name)?.[2]);
  }

  add(id: string, report: Report): void {
    this.reports.set(id, report);
    this.dirty = true;
  }

  remove(id: string): void {
    if (this.reports.delete(id)) this.dirty = true;
  }

  /** Writes the file if anything has changed; one write at a time. */
  write(): Promise<void> {
    const write = async (): Promise<void> => {
      if (!this.dirty) return;
      this.dirty = false;
      try {
        if (this.reports.size === 0) await this.files.remove(this.name);
        else
          await this.files.writeJson(
            this.name,
            [...this.reports].map(([id, report]) => ({ id, report })),
          );
      } catch (error) {
        this.dirty = true;
        throw error;
      }
    };
    return (this.writing = this.writing.then(write, write));
  }

  /** Takes up the files of processes that are gone, and of this process's number in an earlier life. */
  async adopt(): Promise<Queued[]> {
    const adopted: Queued[] = [];
    const taken: string[] = [];
    for (const name of await this.files.names()) {
      const [, pid, number] = NAME.exec(name) ?? [];
      if (pid === undefined || !this.isLeft(Number(pid), Number(number))) continue;
      // Renamed first, so that of two processes that start at once only one takes it.
      const claimed = name === this.name ? name : numbered(this.files.folder);
      if (claimed !== name && !(await this.files.rename(name, claimed))) continue;
      for (const one of queuedIn(await this.files.readJson(claimed))) {
        adopted.push(one);
        this.add(one.id, one.report);
      }
      if (claimed !== this.name) taken.push(claimed);
    }
    await this.write();
    for (const name of taken) await this.files.remove(name);
    return adopted;
  }

  private isLeft(pid: number, number: number): boolean {
    if (pid !== process.pid) return !isAlive(pid);
    return number === this.own || number >= (numbers.get(this.files.folder) ?? 0);
  }
}

function numbered(folder: string): string {
  const number = numbers.get(folder) ?? 0;
  numbers.set(folder, number + 1);
  return `reports-${process.pid}-${number}.json`;
}

function queuedIn(kept: unknown): Queued[] {
  if (!Array.isArray(kept)) return [];
  return (kept as Partial<Queued>[]).flatMap(({ id, report }) =>
    typeof id === "string" && /^[0-9a-z-]{1,64}$/.test(id) && typeof report === "object"
      ? [{ id, report }]
      : [],
  );
}
