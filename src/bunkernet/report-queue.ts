import { randomBytes } from "node:crypto";
import { messageOf } from "../errors.js";
import { isThenable } from "../awaitable.js";
import { StoreFullError, type Store } from "../store/store.js";
import type { GuardedStore } from "../store/guarded-store.js";
import { MemoryStore } from "../store/memory-store.js";
import type { ThreatReport } from "./threat-report.js";
import { ReportJournal } from "./report-journal.js";
import type { StateFiles } from "./state-files.js";

/** A report that nobody could deliver for so long is of no use any more, in seconds. */
const KEEP = 2_592_000;

/** One report on its way. */
export interface QueuedReport {
  readonly id: string;
  readonly report: ThreatReport;
}

/**
 * Reports that wait to be sent: in the store, one key each, so that any instance can send them and a restart loses none.
 * What the store cannot take now waits in memory. A store that is only this process's memory is copied to a file.
 */
export class ReportQueue {
  /** Reports that found no room. */
  full = 0;
  /** About how many wait, other instances' included. */
  size = 0;
  private readonly unsaved = new Map<string, ThreatReport>();
  private pushed = 0;
  private readonly journal: ReportJournal | undefined;

  constructor(
    private readonly raw: Store,
    private readonly store: GuardedStore,
    private readonly prefix: string,
    files: StateFiles | undefined,
    private readonly max: number,
    private readonly now: () => number,
    private readonly onFault: (problem: string) => void,
  ) {
    if (files !== undefined && raw instanceof MemoryStore) this.journal = new ReportJournal(files);
  }

  /** Takes a report; `false` = there is no room. */
  push(report: ThreatReport): boolean {
    if (this.size >= this.max) {
      this.full++;
      return false;
    }
    this.size++;
    const id = [this.now().toString(36).padStart(9, "0"), (this.pushed++).toString(36).padStart(6, "0")]
      .concat(randomBytes(6).toString("hex"))
      .join("-");
    this.unsaved.set(id, report);
    this.journal?.add(id, report);
    void this.save(id, report);
    return true;
  }

  /** Takes up what a process that is gone left in a file. */
  async load(): Promise<void> {
    if (this.journal === undefined) return;
    try {
      for (const { id, report } of await this.journal.adopt()) {
        if (this.size >= this.max) break;
        this.size++;
        this.unsaved.set(id, report);
        await this.save(id, report);
      }
    } catch (error) {
      this.onFault(`reports kept on disk could not be read: ${messageOf(error)}`);
    }
  }

  /** Everything that waits, oldest first. Rejects when the store cannot be read. */
  async ids(): Promise<string[]> {
    for (const [id, report] of this.unsaved) await this.save(id, report);
    const start = `state:${this.prefix}`.length;
    const ids = new Set(this.unsaved.keys());
    for await (const key of this.raw.keys("state", this.prefix)) ids.add(key.slice(start));
    this.size = ids.size;
    return [...ids].sort();
  }

  /** The reports of these ids; those that somebody else has sent meanwhile are left out. */
  async read(ids: readonly string[]): Promise<QueuedReport[]> {
    const texts = await Promise.all(
      ids.map(async (id) => this.unsaved.get(id) ?? (await this.store.get(`state:${this.prefix}${id}`))),
    );
    return ids.flatMap((id, index) => {
      const text = texts[index];
      const report = typeof text === "string" ? parse(text) : text;
      if (report === undefined && text !== undefined) void this.remove([id]);
      return report === undefined ? [] : [{ id, report }];
    });
  }

  /** These have been delivered, or never will be. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.unsaved.delete(id);
      this.journal?.remove(id);
      this.size = Math.max(0, this.size - 1);
    }
    try {
      await Promise.all(ids.map(async (id) => this.store.delete(`state:${this.prefix}${id}`)));
    } catch (error) {
      this.onFault(messageOf(error));
    }
  }

  /** Brings what could not be written where it belongs. Never rejects. */
  async settle(): Promise<void> {
    for (const [id, report] of [...this.unsaved].slice(0, 1000)) await this.save(id, report);
    await this.keep();
  }

  /** Writes the file. Never rejects. */
  async keep(): Promise<void> {
    try {
      await this.journal?.write();
    } catch (error) {
      this.onFault(`reports could not be kept on disk: ${messageOf(error)}`);
    }
  }

  /** Writes the file for the last time. Never rejects. */
  async close(): Promise<void> {
    await this.keep();
    await this.journal?.close().catch(() => undefined);
  }

  private save(id: string, report: ThreatReport): Promise<void> | undefined {
    const saved = (): void => void this.unsaved.delete(id);
    // A full store refuses this one for good; it is sent from memory.
    const failed = (error: unknown): void => {
      if (error instanceof StoreFullError) this.onFault(messageOf(error));
    };
    try {
      const writing = this.store.set(`state:${this.prefix}${id}`, JSON.stringify(report), KEEP);
      if (isThenable(writing)) return writing.then(saved, failed);
      saved();
    } catch (error) {
      failed(error);
    }
    return undefined;
  }
}

function parse(text: string): ThreatReport | undefined {
  try {
    const report: unknown = JSON.parse(text);
    return typeof report === "object" && report !== null ? (report as ThreatReport) : undefined;
  } catch {
    return undefined;
  }
}
