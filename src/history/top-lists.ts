import { messageOf } from "../errors.js";
import { GuardedStore } from "../store/guarded-store.js";
import type { Store } from "../store/store.js";
import { HeavyHitters, mergeHitters, type HeavyHitter } from "./heavy-hitters.js";

/** Items that one instance tells apart in a window, for each list. */
const CAPACITY = 64;
/** Items of a list that are kept of a window that is over, shared, and shown. */
const LISTED = 12;
/** Instances whose lists a window has room for: a further one replaces that of the oldest. */
const SLOTS = 16;
const READS_AT_ONCE = 64;
const READ_AGAIN_MS = 30_000;

/** The lists, by what they are about. */
type ListName = "statuses" | "addresses" | "paths";

/** How far back top lists reach: at least an hour or a day, and up to one window more. */
export type TopRange = "1h" | "24h";

const WINDOWS: Readonly<Record<TopRange, { letter: string; ms: number; kept: number }>> = {
  "1h": { letter: "q", ms: 900_000, kept: 5 },
  "24h": { letter: "h", ms: 3_600_000, kept: 25 },
};

/** A bad response or a refusal. */
export interface BadRequest {
  /** `undefined` = it was refused without one. */
  readonly status: number | undefined;
  readonly ip: string;
  readonly path: string;
}

/** The most frequent statuses, addresses and paths of bad responses and refusals, most frequent first. */
export interface TopLists {
  readonly statuses: readonly HeavyHitter[];
  readonly addresses: readonly HeavyHitter[];
  readonly paths: readonly HeavyHitter[];
  /** When the first window begins, in ms. */
  readonly from: number;
  /** Why the lists of other instances may be missing. */
  readonly problem: string | undefined;
}

type Ended = Readonly<Record<ListName, readonly HeavyHitter[]>>;

/** One window of this instance: counted while it lasts, and cut when it is over. */
interface Window {
  live: Readonly<Record<ListName, HeavyHitters>> | undefined;
  ended: Ended;
  dirty: boolean;
}

/** Finds what is most frequent among bad responses and refusals, in bounded memory, over all instances. */
export class TopListKeeper {
  /** By `<letter>|<number>`. */
  private readonly windows = new Map<string, Window>();
  private readonly store: GuardedStore | undefined;
  private slot: number | undefined;
  private readonly elsewhere = new Map<TopRange, { at: number; lists: readonly Ended[] }>();
  private problem: string | undefined;

  /**
   * @param shared shares the lists; `undefined` = they stay in this process
   * @param by a unique name of this instance
   * @param now the clock, in ms
   */
  constructor(
    private readonly shared: Store | undefined,
    private readonly by: string,
    private readonly now: () => number,
  ) {
    this.store = shared && new GuardedStore(shared);
  }

  add({ status, ip, path }: BadRequest, time: number): void {
    for (const { letter, ms } of Object.values(WINDOWS)) {
      const window = this.windowOf(`${letter}|${Math.floor(time / ms)}`);
      const { live } = window;
      if (live === undefined) continue;
      if (status !== undefined) live.statuses.add(String(status));
      live.addresses.add(ip);
      live.paths.add(path);
      window.dirty = true;
    }
  }

  /** Shares the windows that have changed: one write each. */
  async flush(): Promise<void> {
    this.endWindows();
    const { store } = this;
    for (const [name, window] of this.windows) {
      if (!window.dirty) continue;
      window.dirty = false;
      if (store === undefined) continue;
      try {
        this.slot ??= (await store.increment("hit:history|instances", 1, 40 * 86_400)) % SLOTS;
        const { kept, ms } = windowOf(name);
        const text = JSON.stringify({ by: this.by, ...listsOf(window) });
        await store.set(`hit:history|top|${name}|${this.slot}`, text, ((kept + 1) * ms) / 1000);
      } catch (error) {
        window.dirty = true;
        throw error;
      }
    }
  }

  /** The lists of all instances. Never rejects. */
  async read(range: TopRange): Promise<TopLists> {
    this.endWindows();
    const { letter, ms, kept } = WINDOWS[range];
    const first = Math.floor(this.now() / ms) - kept + 1;
    const names = Array.from({ length: kept }, (_, at) => `${letter}|${first + at}`);
    const own = names.flatMap((name) => {
      const window = this.windows.get(name);
      return window === undefined ? [] : [listsOf(window)];
    });
    const all = [...own, ...(await this.readElsewhere(range, names))];
    const list = (name: ListName): HeavyHitter[] =>
      mergeHitters(all.map((lists) => lists[name])).slice(0, LISTED);
    const lists = { statuses: list("statuses"), addresses: list("addresses"), paths: list("paths") };
    return { ...lists, from: first * ms, problem: this.problem };
  }

  /** What {@link restore} reads. */
  kept(): [name: string, lists: Ended][] {
    return [...this.windows].map(([name, window]) => [name, listsOf(window)]);
  }

  /** Takes back what was kept before a restart; skips what is damaged. */
  restore(kept: unknown): void {
    for (const entry of Array.isArray(kept) ? (kept as unknown[]) : []) {
      const [name, lists] = Array.isArray(entry) ? (entry as unknown[]) : [];
      if (typeof name !== "string" || !/^[qh]\|\d{1,9}$/.test(name)) continue;
      const read = listsIn(lists);
      const window = this.windows.get(name);
      // What was counted since the restart has counters of its own.
      if (window === undefined) this.windows.set(name, { live: newLists(), ended: read, dirty: false });
      else window.ended = merged([window.ended, read]);
    }
    this.endWindows();
  }

  private windowOf(name: string): Window {
    let window = this.windows.get(name);
    if (window === undefined)
      this.windows.set(name, (window = { live: newLists(), ended: merged([]), dirty: false }));
    return window;
  }

  // Cuts the windows that are over, and forgets old ones.
  private endWindows(): void {
    const now = this.now();
    for (const [name, window] of this.windows) {
      const { ms, kept, index } = windowOf(name);
      const current = Math.floor(now / ms);
      if (index <= current - kept || index > current + 1) this.windows.delete(name);
      else if (index < current - 1 && window.live !== undefined && !window.dirty) {
        window.ended = listsOf(window);
        window.live = undefined;
      }
    }
  }

  private async readElsewhere(range: TopRange, names: readonly string[]): Promise<readonly Ended[]> {
    const { store, shared } = this;
    const known = this.elsewhere.get(range);
    if (store === undefined) return [];
    if (known !== undefined && Math.abs(this.now() - known.at) < READ_AGAIN_MS) return known.lists;
    this.problem = shared?.problem;
    if (this.problem !== undefined) return known?.lists ?? [];
    const keys = names.flatMap((name) =>
      Array.from({ length: SLOTS }, (_, slot) => `hit:history|top|${name}|${slot}`),
    );
    try {
      const texts: (string | undefined)[] = [];
      for (let at = 0; at < keys.length; at += READS_AT_ONCE)
        texts.push(
          ...(await Promise.all(keys.slice(at, at + READS_AT_ONCE).map(async (key) => store.get(key)))),
        );
      this.problem = shared?.problem;
      // A store that is away may read nothing where there is something.
      if (this.problem !== undefined) return known?.lists ?? [];
      const lists = texts.flatMap((text) => (text === undefined ? [] : this.othersIn(text)));
      this.elsewhere.set(range, { at: this.now(), lists });
      return lists;
    } catch (error) {
      this.problem = messageOf(error);
      return known?.lists ?? [];
    }
  }

  private othersIn(text: string): Ended[] {
    try {
      const read = JSON.parse(text) as { readonly by?: unknown };
      return read.by === this.by ? [] : [listsIn(read)];
    } catch {
      return [];
    }
  }
}

function newLists(): Readonly<Record<ListName, HeavyHitters>> {
  const list = (): HeavyHitters => new HeavyHitters(CAPACITY);
  return { statuses: list(), addresses: list(), paths: list() };
}

function listsOf({ live, ended }: Window): Ended {
  if (live === undefined) return ended;
  const { statuses, addresses, paths } = live;
  const now = { statuses: statuses.top(LISTED), addresses: addresses.top(LISTED), paths: paths.top(LISTED) };
  return merged([ended, now]);
}

function merged(all: readonly Ended[]): Ended {
  const list = (name: ListName): HeavyHitter[] =>
    mergeHitters(all.map((lists) => lists[name])).slice(0, LISTED);
  return { statuses: list("statuses"), addresses: list("addresses"), paths: list("paths") };
}

function listsIn(value: unknown): Ended {
  const fields = (typeof value === "object" && value !== null ? value : {}) as Readonly<
    Record<string, unknown>
  >;
  const list = (name: ListName): HeavyHitter[] => {
    const items = fields[name];
    return (Array.isArray(items) ? (items as Partial<HeavyHitter>[]) : [])
      .slice(0, LISTED)
      .flatMap(({ item, count, error }) =>
        typeof item === "string" && Number.isSafeInteger(count) && Number.isSafeInteger(error)
          ? [{ item: item.slice(0, 128), count: count as number, error: error as number }]
          : [],
      );
  };
  return { statuses: list("statuses"), addresses: list("addresses"), paths: list("paths") };
}

function windowOf(name: string): { readonly ms: number; readonly kept: number; readonly index: number } {
  const { ms, kept } = name.startsWith("q") ? WINDOWS["1h"] : WINDOWS["24h"];
  return { ms, kept, index: Number(name.slice(2)) };
}
