import { isThenable, type Awaitable } from "../awaitable.js";
import { RecentMap } from "../recent-map.js";
import { GuardedStore } from "../store/guarded-store.js";
import type { Store } from "../store/store.js";

/** How many texts of a store on a network are kept here: those that were written or asked for last. */
const MAX_KEPT = 1024;
/** Longer texts are not kept. */
const MAX_KEPT_LENGTH = 4096;
/** Questions to the store at a time; beyond that the answer is that nothing is known. */
const MAX_IN_FLIGHT = 64;

/** Reads the stored text of bans when somebody asks for it: requests only ever need what the index holds. */
export class StoredBans {
  private readonly guarded: GuardedStore;
  private readonly kept = new RecentMap<string, string>(MAX_KEPT);
  private readonly asking = new Map<string, Promise<string | undefined>>();

  constructor(private readonly store: Store) {
    this.guarded = new GuardedStore(store);
  }

  /** Notes what was written at a key: `undefined` = it was deleted. */
  note(key: string, value: string | undefined): void {
    if (this.store.ephemeral === true) return;
    if (value === undefined || value.length > MAX_KEPT_LENGTH) this.kept.delete(key);
    else this.kept.set(key, value);
  }

  /** Notes the text of a ban as it was read with many others, perhaps without its evidence. */
  noteHead(key: string, value: string): void {
    if (this.kept.size > 0 && this.kept.get(key)?.startsWith(value.slice(0, -1)) === false)
      this.kept.delete(key);
  }

  /** The text at a key; `undefined` = it cannot be read. Never rejects. */
  read(key: string): Awaitable<string | undefined> {
    const known = this.kept.get(key) ?? this.asking.get(key);
    if (known !== undefined) return known;
    if (this.asking.size >= MAX_IN_FLIGHT) return undefined;
    let value: Awaitable<string | undefined>;
    try {
      value = this.guarded.get(key);
    } catch {
      return undefined;
    }
    if (!isThenable(value)) return value;
    const asking = Promise.resolve(value)
      .then(
        (text) => {
          this.note(key, text);
          return text;
        },
        () => undefined,
      )
      .finally(() => this.asking.delete(key));
    this.asking.set(key, asking);
    return asking;
  }
}
