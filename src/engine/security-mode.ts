import { BanIndex } from "../bans/ban-index.js";
import { StoreFailure } from "../errors.js";
import { EventBus } from "../events/event-bus.js";
import { GuardedStore } from "../store/guarded-store.js";
import type { StoreScope } from "../store/store-scope.js";
import { Generation } from "./known-visitors.js";

/** Whether requests are refused, or only reported as those that would be. */
export type Mode = "block" | "detect";

/** A mode that was set at run time. */
interface SetMode {
  readonly mode: Mode;
  /** When it ends, in ms; Infinity = when it is changed. */
  readonly until: number;
}

/** Without a mode in it, none is set. */
const KEY = "state:mode";
/** The pause before a failed call of the store is made again, in ms. */
const RETRY_MS = 1000;
/** The longest time that a timer takes, in ms. */
const MAX_TIMER_MS = 2_147_483_647;

/**
 * The mode that was set at run time, if one was: for all middlewares on the store, and for all instances that share it. It ends by
 * itself; then, as long as none is set, each service has its configured mode.
 */
export class SecurityMode {
  private set: SetMode | undefined;
  private isRead: boolean;
  private reading: Promise<void> | undefined;
  private onRead: () => void = () => undefined;
  /** What could not be stored yet. */
  private unsaved: { readonly set: SetMode | undefined } | undefined;
  /** How often the mode was changed, here or elsewhere: a read that began before a change knows less. */
  private changes = 0;
  private end: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly bans: BanIndex;
  private readonly events: EventBus;
  private readonly generation: Generation;
  private readonly store: GuardedStore;

  constructor(scope: StoreScope) {
    const { store } = scope;
    this.bans = scope.get(BanIndex);
    this.events = scope.get(EventBus);
    this.generation = scope.get(Generation);
    this.store = new GuardedStore(store);
    // What such a store holds was written by this process.
    this.isRead = store.ephemeral === true;
    store.watch?.(
      "state",
      ({ key, value }) => {
        if (key === KEY) this.take(value);
      },
      () => this.refresh(),
    );
  }

  /** Returns the mode in force where `configured` is configured. */
  of(configured: Mode): Mode {
    return this.set === undefined ? configured : (this.current?.mode ?? configured);
  }

  /** The mode that was set at run time and is in force. */
  get current(): SetMode | undefined {
    if (this.set !== undefined && this.set.until <= this.bans.now()) this.put(undefined);
    return this.set;
  }

  /**
   * Resolves when the mode in the store is known; rejects on failure, and can then be called again. `undefined` = it is known.
   */
  ready(): Promise<void> | undefined {
    if (this.isRead) return undefined;
    return (this.reading ??= new Promise<void>((resolve, reject) => {
      this.onRead = resolve;
      this.readAfterBans().then(resolve, reject);
    }).finally(() => (this.reading = undefined)));
  }

  /**
   * Sets the mode, or, with `undefined`, has the configured modes in force again: at once on this instance.
   *
   * @param seconds for how long; 0 = until it is changed
   * @throws {StoreFailure} when the store cannot be written; the mode is in force on this instance nevertheless, and on the others when
   *   the store is back
   */
  async change(mode: Mode | undefined, seconds = 0): Promise<void> {
    const until = seconds === 0 ? Infinity : this.bans.now() + seconds * 1000;
    const set = mode === undefined ? undefined : { mode, until };
    this.changes++;
    this.put(set);
    try {
      await this.save(set);
    } catch (error) {
      this.refreshLater();
      const cause = error instanceof StoreFailure ? error.cause : error;
      throw new StoreFailure(cause, "until it is back, the mode is in force on this instance only");
    }
  }

  /** Calls `listener` after every change. Returns a function that removes it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls `begin` when detect mode is set at run time, and what it returns when that is over, or when the returned function is called. */
  whileDetecting(begin: () => () => void): () => void {
    let stop: (() => void) | undefined;
    const follow = (): void => {
      if (this.current?.mode === "detect") stop ??= begin();
      else {
        stop?.();
        stop = undefined;
      }
    };
    const unfollow = this.onChange(follow);
    follow();
    return () => {
      unfollow();
      stop?.();
    };
  }

  // Before the bans were read, a store on a network may not have been reached yet.
  private async readAfterBans(): Promise<void> {
    await this.bans.ready();
    if (!this.isRead) await this.read();
  }

  private async read(): Promise<void> {
    const { changes } = this;
    const value = await this.store.get(KEY);
    if (changes === this.changes && this.unsaved === undefined) this.take(value);
    this.isRead = true;
    this.onRead();
  }

  private async save(set: SetMode | undefined): Promise<void> {
    const unsaved = (this.unsaved = { set });
    const left = set === undefined || set.until === Infinity ? 0 : Math.max(1, set.until - this.bans.now());
    await this.store.set(KEY, encode(set), left / 1000);
    if (this.unsaved === unsaved) this.unsaved = undefined;
  }

  // Changes may have been missed, or one could not be stored.
  private refresh(): void {
    clearTimeout(this.retry);
    const { unsaved } = this;
    if (unsaved?.set !== undefined && unsaved.set.until <= this.bans.now()) this.unsaved = undefined;
    const work = this.unsaved === undefined ? this.read() : this.save(this.unsaved.set);
    work.catch(() => this.refreshLater());
  }

  private refreshLater(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.refresh(), RETRY_MS).unref();
  }

  private take(value: string | undefined): void {
    this.changes++;
    this.unsaved = undefined;
    const set = decode(value);
    this.put(set !== undefined && set.until <= this.bans.now() ? undefined : set);
  }

  private put(set: SetMode | undefined): void {
    if (this.set?.mode === set?.mode && this.set?.until === set?.until) return;
    this.set = set;
    this.generation.advance();
    this.endInTime();
    this.tell();
    for (const listener of this.listeners) listener();
  }

  private endInTime(): void {
    clearTimeout(this.end);
    if (this.set === undefined || this.set.until === Infinity) return;
    const left = Math.ceil(this.set.until - this.bans.now());
    this.end = setTimeout(
      () => {
        if (this.current !== undefined) this.endInTime();
      },
      Math.min(Math.max(1, left), MAX_TIMER_MS),
    ).unref();
  }

  private tell(): void {
    const { set } = this;
    if (set === undefined) {
      const message = "the mode that was set at run time is over: the configured mode is in force";
      this.events.notice({ level: "warn", event: "mode_over", message, fields: {} });
      return;
    }
    const what = set.mode === "detect" ? "nothing is refused and no ban is written" : "requests are refused";
    this.events.notice({
      level: "warn",
      event: "mode_set",
      message: `${what}: the mode was set to ${set.mode}`,
      fields: { mode: set.mode, until: set.until === Infinity ? undefined : new Date(set.until) },
    });
  }
}

function encode(set: SetMode | undefined): string {
  if (set === undefined) return JSON.stringify({ mode: "configured" });
  return JSON.stringify({ mode: set.mode, ...(set.until === Infinity ? {} : { until: set.until }) });
}

// Of what another version wrote, the mode alone counts.
function decode(value: string | undefined): SetMode | undefined {
  try {
    const { mode, until } = JSON.parse(value ?? "{}") as {
      readonly mode?: unknown;
      readonly until?: unknown;
    };
    if (mode !== "block" && mode !== "detect") return undefined;
    return { mode, until: typeof until === "number" ? until : Infinity };
  } catch {
    return undefined;
  }
}
