import { isAlive, type StateFiles } from "./state-files.js";
import type { QueuedReport, ThreatReport } from "./threat-report.js";

const NAME = /^reports-(\d+)-\d+\.json$/;

// The open journals of this process, which must not share a file.
const open = new Set<string>();
let numbers = 0;

/** A copy of the reports in this process's memory, in a file per process. */
export class ReportJournal {
  private readonly reports = new Map<string, ThreatReport>();
  private readonly name: string;
  private dirty = false;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly files: StateFiles) {
    this.name = nextName();
    open.add(this.path(this.name));
  }

  add(id: string, report: ThreatReport): void {
    this.reports.set(id, report);
    this.dirty = true;
  }

  remove(id: string): void {
    if (this.reports.delete(id)) this.dirty = true;
  }

  /** Writes the file if it has changed; one write at a time. */
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

  /** Releases the file, so that another journal can adopt it. */
  async close(): Promise<void> {
    await this.write();
    open.delete(this.path(this.name));
  }

  /** Adopts the files of processes that no longer run, and released files of this process id. */
  async adopt(): Promise<QueuedReport[]> {
    const adopted: QueuedReport[] = [];
    const taken: string[] = [];
    for (const name of await this.files.names()) {
      if (!this.isAbandoned(name)) continue;
      // Renamed first, so that only one of two processes adopts it.
      const claimed = nextName();
      if (!(await this.files.rename(name, claimed))) continue;
      for (const one of queuedIn(await this.files.readJson(claimed))) {
        adopted.push(one);
        this.add(one.id, one.report);
      }
      taken.push(claimed);
    }
    await this.write();
    for (const name of taken) await this.files.remove(name);
    return adopted;
  }

  private isAbandoned(name: string): boolean {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || open.has(this.path(name))) return false;
    return Number(pid) === process.pid || !isAlive(Number(pid));
  }

  private path(name: string): string {
    return `${this.files.folder}/${name}`;
  }
}

function nextName(): string {
  return `reports-${process.pid}-${Date.now()}${numbers++}.json`;
}

function queuedIn(kept: unknown): QueuedReport[] {
  if (!Array.isArray(kept)) return [];
  return (kept as Partial<QueuedReport>[]).flatMap(({ id, report }) =>
    typeof id === "string" && /^[0-9a-z-]{1,64}$/.test(id) && typeof report === "object"
      ? [{ id, report }]
      : [],
  );
}
