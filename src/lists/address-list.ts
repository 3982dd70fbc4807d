import { parseRange, type Address } from "../address/address.js";
import { AddressSet } from "../address/address-set.js";
import { messageOf } from "../errors.js";
import { checksum, type ListFolder } from "./list-folder.js";
import { fetchList, listEntries, shownUrl, type Version } from "./list-source.js";

/** The time between two downloads, in seconds; ± 10 %, so that a fleet does not download at the same moment. */
const INTERVAL = 3600;
/** The time until a source that failed is tried again, in seconds. */
const RETRY_INTERVAL = 300;

/** The state of one source. */
export interface ListStatus {
  /** Its URL without user and query. */
  readonly url: string;
  /** Entries of the copy in use, duplicates included. */
  readonly entries: number;
  /** Lines of it that are neither an address nor a range. */
  readonly invalid: number;
  /** When it was last known to be current; `undefined` if never. */
  readonly checked: Date | undefined;
  /** What went wrong at the last attempt. */
  readonly problem: string | undefined;
}

/** Is notified of each problem of a source once, until the source works again. */
export interface ListListener {
  failed(url: string, problem: string): void;
  invalid(url: string, lines: number): void;
}

interface Source {
  readonly url: string;
  text: string | undefined;
  sum: string;
  version: Version;
  checked: number;
  next: number;
  entries: number;
  invalid: number;
  problem: string | undefined;
}

/**
 * The addresses of several downloaded lists as one set. Each source keeps its last good copy, in memory and, with a
 * folder, over restarts; the set is built off the request path and swapped at once.
 */
export class AddressList {
  private readonly sources: Source[];
  private set = new AddressSet();
  private loading: Promise<void> | undefined;
  private updating: Promise<void> | undefined;
  private readonly stop = new AbortController();

  /**
   * @param now the clock, in ms
   * @param copy the folder of the copies on disk, and the file in it that the merged list is written to
   */
  constructor(
    urls: readonly string[],
    private readonly now: () => number,
    private readonly copy: { readonly folder: ListFolder | undefined; readonly mergedName: string },
    private readonly listener: ListListener,
  ) {
    this.sources = [...new Set(urls)].map((url) => ({
      url,
      text: undefined,
      sum: "",
      version: {},
      checked: 0,
      next: 0,
      entries: 0,
      invalid: 0,
      problem: undefined,
    }));
  }

  /** Whether the merged set covers an address. */
  has(address: Address): boolean {
    return this.set.size > 0 && this.set.has(address);
  }

  /** How many different entries the merged set has. */
  get size(): number {
    return this.set.size;
  }

  /** Whether every source has been read at least once, now or before a restart. */
  get complete(): boolean {
    return this.sources.every((source) => source.text !== undefined);
  }

  get status(): ListStatus[] {
    return this.sources.map(({ url, entries, invalid, checked, problem }) => ({
      url: shownUrl(url),
      entries,
      invalid,
      checked: checked === 0 ? undefined : new Date(checked),
      problem,
    }));
  }

  /** Reads what is on this machine: copies kept from before, and `file:` sources. Waits for no network. */
  load(): Promise<void> {
    return (this.loading ??= this.loadLocal());
  }

  /** Asks the sources that are due; `all` asks each of them. Shared while it runs; never rejects. */
  update(all = false): Promise<void> {
    return (this.updating ??= this.updateDue(all).finally(() => (this.updating = undefined)));
  }

  /** Asks the sources that are due, if any is. */
  tick(): void {
    if (this.sources.some((source) => this.now() >= source.next)) void this.update();
  }

  /** Aborts running downloads. */
  close(): void {
    this.stop.abort();
  }

  private async loadLocal(): Promise<void> {
    const { folder } = this.copy;
    if (folder !== undefined) {
      for (const source of this.sources) {
        const copy = await folder.read(source.url);
        if (copy === undefined || copy.checked > this.now()) continue;
        source.text = copy.text;
        source.sum = checksum(copy.text);
        source.version = copy.version;
        source.checked = copy.checked;
        // One hour of grace: a restart alone is no reason to ask again.
        source.next = copy.checked + INTERVAL * 1000;
      }
    }
    for (const source of this.sources) if (source.url.startsWith("file:")) await this.ask(source);
    await this.build();
  }

  private async updateDue(all: boolean): Promise<void> {
    await this.load();
    const due = this.sources.filter((source) => all || this.now() >= source.next);
    const changed = await Promise.all(due.map((source) => this.ask(source)));
    if (changed.includes(true)) await this.build();
  }

  // Returns whether the text has changed.
  private async ask(source: Source): Promise<boolean> {
    try {
      const known = source.text === undefined ? {} : source.version;
      const fetched = await fetchList(source.url, known, this.stop.signal);
      const sum = fetched.kind === "text" ? checksum(fetched.text) : source.sum;
      const changed = source.text === undefined || sum !== source.sum;
      if (fetched.kind === "text") {
        // An error page with status 200, or a list that was emptied by mistake, must not replace the good copy.
        if (changed && source.entries > 0 && !hasAddress(fetched.text))
          throw new Error("no address in the new list");
        source.text = fetched.text;
        source.sum = sum;
        source.version = fetched.version;
      }
      source.checked = this.now();
      source.next = this.now() + INTERVAL * 1000 * (0.9 + Math.random() * 0.2);
      source.problem = undefined;
      const { text = "", version, checked } = source;
      await this.copy.folder
        ?.write(source.url, { text, version, checked }, changed)
        .catch((error: unknown) =>
          this.listener.failed(shownUrl(source.url), `its copy could not be kept: ${messageOf(error)}`),
        );
      return changed;
    } catch (error) {
      if (this.stop.signal.aborted) return false;
      const problem = messageOf(error);
      source.next = this.now() + RETRY_INTERVAL * 1000;
      if (source.problem === undefined) this.listener.failed(shownUrl(source.url), problem);
      source.problem = problem;
      return false;
    }
  }

  private async build(): Promise<void> {
    const invalidBefore = this.sources.map((source) => source.invalid);
    let current: Source | undefined;
    function* allEntries(sources: readonly Source[]): Generator<string> {
      for (current of sources) {
        current.entries = 0;
        current.invalid = 0;
        for (const entry of listEntries(current.text ?? "")) {
          current.entries++;
          yield entry;
        }
      }
    }
    // Swapped at once: a request sees the old lists or the new ones.
    this.set = await AddressSet.build(allEntries(this.sources), () => {
      if (current === undefined) return;
      current.invalid++;
      current.entries--;
    });
    for (const [index, { url, invalid }] of this.sources.entries())
      if (invalid > 0 && invalid !== invalidBefore[index]) this.listener.invalid(shownUrl(url), invalid);
    const merged = [...this.set.entries()].map((range) => range.text);
    await this.copy.folder
      ?.writeMerged(this.copy.mergedName, merged)
      .catch((error: unknown) =>
        this.listener.failed(this.copy.mergedName, `the merged list could not be kept: ${messageOf(error)}`),
      );
  }
}

function hasAddress(text: string): boolean {
  for (const entry of listEntries(text)) if (parseRange(entry) !== undefined) return true;
  return false;
}
