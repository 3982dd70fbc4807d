import { randomBytes } from "node:crypto";
import { messageOf } from "../errors.js";
import { isThenable } from "../awaitable.js";
import { StoreFullError } from "../store/store.js";
import type { Context } from "../engine/context.js";
import { MemoryStore } from "../store/memory-store.js";
import type { QueuedReport, ThreatReport } from "./threat-report.js";
import { ReportJournal } from "./report-journal.js";
import type { StateFiles } from "./state-files.js";

/** How long a report is kept, in seconds. */
const KEEP = 2_592_000;

/** The parts that a {@link ReportQueue} uses. */
interface ReportQueueParts {
  /** The prefix of its keys in the store. */
  readonly prefix: string;
  readonly files: StateFiles | undefined;
  readonly max: number;
  readonly onFault: (problem: string) => void;
}

/**
 * The reports to send: in the store, one key each, so that any instance can send them and a restart loses none. Reports that the
 * store did not accept yet are in memory. If the store is a `MemoryStore`, a journal copies them to a file.
 */
export class ReportQueue {
  /** Reports that were dropped because the queue was full. */
  full = 0;
  /** About how many are queued, including those of other instances. */
  size = 0;
  private readonly unsaved = new Map<string, ThreatReport>();
  private pushed = 0;
  private readonly journal: ReportJournal | undefined;

  constructor(
    private readonly context: Context,
    private readonly parts: ReportQueueParts,
  ) {
    const { files } = parts;
    if (files !== undefined && context.options.store instanceof MemoryStore)
      this.journal = new ReportJournal(files);
  }

  /** Adds a report; `false` = the queue is full. */
  push(report: ThreatReport): boolean {
    if (this.size >= this.parts.max) {
      this.full++;
      return false;
    }
    this.size++;
    const time = this.context.now().toString(36).padStart(9, "0");
    const number = (this.pushed++).toString(36).padStart(6, "0");
    const id = `${time}-${number}-${randomBytes(6).toString("hex")}`;
    this.unsaved.set(id, report);
    this.journal?.add(id, report);
    void this.save(id, report);
    return true;
  }

  /** Adopts the reports in files of processes that no longer run. */
  async load(): Promise<void> {
    if (this.journal === undefined) return;
    try {
      for (const { id, report } of await this.journal.adopt()) {
        if (this.size >= this.parts.max) break;
        this.size++;
        this.unsaved.set(id, report);
        await this.save(id, report);
      }
    } catch (error) {
      this.parts.onFault(`reports kept on disk could not be read: ${messageOf(error)}`);
    }
  }

  /** The ids of all queued reports, oldest first. Rejects if the store cannot be read. */
  async ids(): Promise<string[]> {
    for (const [id, report] of this.unsaved) await this.save(id, report);
    const start = `state:${this.parts.prefix}`.length;
    const ids = new Set(this.unsaved.keys());
    for await (const key of this.context.options.store.keys("state", this.parts.prefix))
      ids.add(key.slice(start));
    this.size = ids.size;
    return [...ids].sort();
  }

  /** The reports of these ids, without those that another instance has sent meanwhile. */
  async read(ids: readonly string[]): Promise<QueuedReport[]> {
    const texts = await Promise.all(
      ids.map(
        async (id) =>
          this.unsaved.get(id) ?? (await this.context.store.get(`state:${this.parts.prefix}${id}`)),
      ),
    );
    return ids.flatMap((id, index) => {
      const text = texts[index];
      const report = typeof text === "string" ? parse(text) : text;
      if (report === undefined && text !== undefined) void this.remove([id]);
      return report === undefined ? [] : [{ id, report }];
    });
  }

  /** Removes reports that were delivered or given up. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.unsaved.delete(id);
      this.journal?.remove(id);
      this.size = Math.max(0, this.size - 1);
    }
    await Promise.all(
      ids.map(async (id) => this.context.store.delete(`state:${this.parts.prefix}${id}`)),
    ).catch((error: unknown) => this.parts.onFault(messageOf(error)));
  }

  /** Retries failed writes. Never rejects. */
  async settle(): Promise<void> {
    for (const [id, report] of [...this.unsaved].slice(0, 1000)) await this.save(id, report);
    await this.keep();
  }

  /** Writes the journal. Never rejects. */
  async keep(): Promise<void> {
    await this.journal
      ?.write()
      .catch((error: unknown) =>
        this.parts.onFault(`reports could not be kept on disk: ${messageOf(error)}`),
      );
  }

  /** Writes and closes the journal. Never rejects. */
  async close(): Promise<void> {
    await this.keep();
    await this.journal?.close().catch(() => undefined);
  }

  private save(id: string, report: ThreatReport): Promise<void> | undefined {
    const saved = (): void => void this.unsaved.delete(id);
    // A full store will not accept it later either; it is sent from memory.
    const failed = (error: unknown): void => {
      if (error instanceof StoreFullError) this.parts.onFault(messageOf(error));
    };
    try {
      const writing = this.context.store.set(`state:${this.parts.prefix}${id}`, JSON.stringify(report), KEEP);
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
    return (JSON.parse(text) as ThreatReport | null) ?? undefined;
  } catch {
    return undefined;
  }
}
