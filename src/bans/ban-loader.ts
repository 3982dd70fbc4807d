import { entriesOf } from "../store/entries.js";
import type { Namespace, Store, StoreChange } from "../store/store.js";

/** When bans that could not be read anew are asked for again, in ms. */
const RETRY_MS = 1000;

/** Who takes what is read. */
export interface BanReceiver {
  apply(change: StoreChange): void;
  /** Ends the bans that are neither among the keys found nor among those that changed meanwhile. */
  endAbsent(found: ReadonlySet<string>, changed: ReadonlySet<string>): void;
}

/** Reads the bans that are in the store: once at the beginning, and anew whenever changes of it may have been missed. */
export class BanLoader {
  private running: Promise<void> | undefined;
  private done = false;
  /** While bans are read: the keys that changed meanwhile, of which the reading knows less. */
  private changed: Set<string> | undefined;
  /** Changes were missed while bans were being read. */
  private again = false;

  /** @param parts what is read: namespaces, and how the rest of their keys starts */
  constructor(
    private readonly store: Store,
    private readonly parts: readonly (readonly [Namespace, string])[],
    private readonly reader: BanReceiver,
  ) {}

  /** Resolves when everything was read once; rejects when it cannot be read, and can be asked again. */
  ready(): Promise<void> | undefined {
    if (this.done) return undefined;
    return (this.running ??= this.read().finally(() => (this.running = undefined)));
  }

  /** The store told of a change of this key. */
  changes(key: string): void {
    this.changed?.add(key);
  }

  /** The store lost sight of changes: what is known stays in force until everything has been read anew. */
  missed(): void {
    if (this.running !== undefined) this.again = true;
    else if (this.done) {
      this.running = this.read().finally(() => (this.running = undefined));
      this.running.catch(() => setTimeout(() => this.missed(), RETRY_MS).unref());
    }
  }

  private async read(): Promise<void> {
    do {
      this.again = false;
      const changed = (this.changed = new Set<string>());
      const found = new Set<string>();
      try {
        for (const [namespace, prefix] of this.parts) {
          for await (const entry of entriesOf(this.store, namespace, prefix)) {
            found.add(entry.key);
            if (entry.value !== undefined && !changed.has(entry.key)) this.reader.apply(entry);
          }
        }
        // Bans that were lifted while nobody could tell us.
        if (this.done) this.reader.endAbsent(found, changed);
      } finally {
        this.changed = undefined;
      }
    } while (this.missedMore());
    this.done = true;
  }

  private missedMore(): boolean {
    return this.again;
  }
}
