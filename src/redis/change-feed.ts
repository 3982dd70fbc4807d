import { randomUUID } from "node:crypto";
import { namespaceOf } from "../store/arguments.js";
import { Watchers } from "../store/memory/watchers.js";
import type { BanMark, Namespace, StoreChange } from "../store/store.js";
import { markArgs } from "./ban-marks.js";
import type { Subscriber, RedisConnection } from "./clients/connection.js";
import { withTimeout } from "../with-timeout.js";
import type { KeyNames } from "./key-names.js";

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2000;
/** How often the feed checks that the subscriber still receives messages, in ms. */
const PULSE_MS = 2000;
const PULSE_DEADLINE_MS = 2000;
/** How often it waits so long for one that is late. */
const MAX_PULSE_WAITS = 10;
const OPEN_DEADLINE_MS = 5000;
const MAX_ANNOUNCED = 100_000;

/** The parts of the store that {@link ChangeFeed} uses. */
export interface ChangeFeedHooks {
  readonly connection: RedisConnection;
  readonly names: KeyNames;
  /** Reads a key. */
  read(key: string): Promise<{ value: string; ttl: number } | undefined>;
  publish(channel: string, text: string): Promise<unknown>;
  /** All keys were deleted. */
  flushed(): void;
  /** Called with every change before the listeners are. */
  changed(change: PublishedChange): void;
}

/** A change; one that a script has published has the mark of the ban. */
export interface PublishedChange extends StoreChange {
  readonly mark?: BanMark | undefined;
}

/**
 * The message that a write publishes, before the line break and the value: rest, ttl in ms, a tag by which the sender recognises its
 * own message, and of a ban its mark, as in Redis.
 */
export function changeMessage(rest: string, ttlMs: number, tag?: string, mark?: BanMark): string {
  if (mark !== undefined) return JSON.stringify([rest, ttlMs, tag ?? "", ...markArgs(mark).map(Number)]);
  return JSON.stringify(tag === undefined ? [rest, ttlMs] : [rest, ttlMs, tag]);
}

/** A write whose change message has not arrived yet. */
export interface PendingChange {
  readonly tag: string;
  /** Resolves when the listeners of this instance were called, or cannot be called. */
  readonly delivered: Promise<void>;
  /** Whether the message has arrived. */
  arrived: boolean;
  /** Stops waiting. */
  cancel(): void;
}

/**
 * Notifies listeners of every change. The store's scripts publish their changes, in the order in which Redis makes them; changes
 * by other software are reported by Redis's client tracking. After the subscriber was lost, listeners are told that changes may
 * have been missed (`onGap`).
 */
export class ChangeFeed {
  private readonly watchers = new Watchers();
  private readonly gaps = new Set<() => void>();
  private readonly namespaces = new Set<Namespace>(["ban", "state"]);
  private readonly id = randomUUID();
  private readonly pulse: string;
  /** Own writes whose message has not arrived yet, by tag. */
  private readonly pending = new Map<string, PendingChange>();
  private count = 0;
  /** Messages received so far. */
  private messages = 0;
  /** Keys whose change a script published: tracking reports the same change again, which is ignored. */
  private readonly announced = new Set<string>();
  /** Keys being read again; true = changed meanwhile. */
  private readonly reading = new Map<string, boolean>();
  private subscriber: Subscriber | undefined;
  private firstAttempt: Promise<void> | undefined;
  private onPulse: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pause = FIRST_PAUSE_MS;
  private closed = false;

  constructor(private readonly hooks: ChangeFeedHooks) {
    this.pulse = `${hooks.names.prefix}pulse:${this.id}`;
  }

  /** Subscribes; resolves when the first attempt has succeeded or failed. */
  start(): Promise<void> {
    return (this.firstAttempt ??= this.open());
  }

  /** @param onGap called when changes may have been missed, so that copies must be read again */
  watch(namespace: Namespace, listener: (change: StoreChange) => void, onGap?: () => void): () => void {
    const stop = this.watchers.add(namespace, listener);
    // Wrapped, so that a function added twice is removed individually.
    const gap = (): void => onGap?.();
    this.gaps.add(gap);
    if (!this.namespaces.has(namespace)) {
      this.namespaces.add(namespace);
      this.subscriber?.subscribe([this.hooks.names.channel(namespace)]).catch(() => this.reopen());
    }
    return () => {
      stop();
      this.gaps.delete(gap);
    };
  }

  /** Checks that the subscriber receives what is published; otherwise opens a new one. */
  async check(): Promise<void> {
    if (this.subscriber === undefined) return;
    const { subscriber: ear } = this;
    const received = new Promise<void>((resolve) => (this.onPulse = resolve));
    try {
      await this.hooks.publish(this.pulse, "");
    } catch {
      // Redis itself is away, which the circuit breaker notices.
      return;
    }
    // A subscriber that receives other messages is late, not lost: a new one would make everybody read all bans again.
    for (let before = -1, waits = 0; before !== this.messages && waits < MAX_PULSE_WAITS; waits++) {
      before = this.messages;
      try {
        await withTimeout(received, PULSE_DEADLINE_MS);
        return;
      } catch {
        if (this.subscriber !== ear) return;
      }
    }
    if (this.subscriber === ear) this.reopen();
  }

  /** Announces a write that is about to be sent; `undefined` if its message would not arrive here. */
  expect(namespace: Namespace): PendingChange | undefined {
    if (this.subscriber === undefined || !this.namespaces.has(namespace)) return undefined;
    const tag = `${this.id}:${++this.count}`;
    let resolve = (): void => undefined;
    const delivered = new Promise<void>((done) => (resolve = done));
    const cancel = (): void => {
      this.pending.delete(tag);
      resolve();
    };
    const pending = { tag, delivered, arrived: false, cancel };
    this.pending.set(tag, pending);
    return pending;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.reopen();
  }

  private async open(): Promise<void> {
    const { connection, names } = this.hooks;
    let ear: Subscriber | undefined;
    const state = { gone: false };
    const opening = connection.listen({
      message: (channel, text) => this.onMessage(channel, text),
      invalidated: (keys) => this.onInvalidated(keys),
      lost: () => {
        state.gone = true;
        if (ear !== undefined && this.subscriber === ear) this.reopen();
      },
    });
    try {
      ear = await withTimeout(opening, OPEN_DEADLINE_MS);
      await withTimeout(this.prepare(ear), OPEN_DEADLINE_MS);
      if (state.gone) throw new Error("the connection was lost at once");
    } catch {
      // It may also open later.
      opening.then((late) => late.close()).catch(() => undefined);
      this.openLater();
      return;
    }
    if (this.closed) {
      ear.close();
      return;
    }
    this.subscriber = ear;
    this.pause = FIRST_PAUSE_MS;
    this.schedulePulse();
    // A namespace may have been added meanwhile.
    ear
      .subscribe([...this.namespaces].map((namespace) => names.channel(namespace)))
      .catch(() => this.reopen());
    this.notifyGap();
  }

  private async prepare(ear: Subscriber): Promise<void> {
    const { connection, names } = this.hooks;
    this.announced.clear();
    if (connection.canTrack) {
      const prefixes = ["ban", "state"].map((namespace) => `${names.prefix}${namespace}:`);
      await ear.track(names.bunkerweb ? [...prefixes, "bans_"] : prefixes);
    }
    await ear.subscribe([this.pulse, ...[...this.namespaces].map((namespace) => names.channel(namespace))]);
  }

  private reopen(): void {
    const { subscriber: ear } = this;
    this.subscriber = undefined;
    ear?.close();
    for (const pending of this.pending.values()) pending.cancel();
    this.openLater();
  }

  private openLater(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.open(), this.pause);
    this.timer.unref();
    this.pause = Math.min(MAX_PAUSE_MS, this.pause * 2);
  }

  private schedulePulse(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      void this.check().then(() => {
        if (this.subscriber !== undefined && !this.closed) this.schedulePulse();
      });
    }, PULSE_MS);
    this.timer.unref();
  }

  private onMessage(channel: string, text: string): void {
    this.messages++;
    if (channel === this.pulse) this.onPulse?.();
    const { names, connection } = this.hooks;
    const namespace = names.namespaceOf(channel);
    if (namespace === undefined || !this.namespaces.has(namespace)) return;
    const change = parseChangeMessage(text);
    if (change === undefined) return;
    const key = `${namespace}:${change.rest}`;
    if (this.reading.has(key)) this.reading.set(key, true);
    if (connection.canTrack && (namespace === "ban" || namespace === "state")) {
      if (this.announced.size >= MAX_ANNOUNCED) this.announced.clear();
      this.announced.add(key);
    }
    const { value, ttl, mark } = change;
    this.notify(namespace, { key, value, ttl, mark });
    const pending = this.pending.get(change.tag);
    if (pending === undefined) return;
    pending.arrived = true;
    pending.cancel();
  }

  private onInvalidated(keys: readonly string[] | undefined): void {
    if (keys === undefined) {
      this.hooks.flushed();
      this.notifyGap();
    }
    for (const data of keys ?? []) {
      const key = this.hooks.names.keyOf(data);
      if (key === undefined || this.announced.delete(key)) continue;
      if (this.reading.has(key)) this.reading.set(key, true);
      else void this.reread(key);
    }
  }

  // Other software changed the key. A message that arrives during the read is newer than the result.
  private async reread(key: string): Promise<void> {
    this.reading.set(key, false);
    try {
      const found = await this.hooks.read(key);
      if (this.reading.get(key) === true) void this.reread(key);
      else {
        this.reading.delete(key);
        this.notify(namespaceOf(key), { key, value: found?.value, ttl: found?.ttl ?? 0 });
      }
    } catch {
      this.reading.delete(key);
      // The value is unknown: a new subscriber makes listeners read everything again.
      this.reopen();
    }
  }

  private notify(namespace: Namespace, change: PublishedChange): void {
    this.hooks.changed(change);
    this.watchers.notify(namespace, change);
  }

  private notifyGap(): void {
    for (const gap of this.gaps) {
      try {
        gap();
      } catch {
        // A listener that throws must not keep the others from being called.
      }
    }
  }
}

function parseChangeMessage(text: string) {
  const end = text.indexOf("\n");
  try {
    const fields = JSON.parse(end < 0 ? text : text.slice(0, end)) as unknown[];
    const [rest, ttl, tag, began, keepMs] = fields;
    if (typeof rest !== "string" || typeof ttl !== "number") return undefined;
    const value = end < 0 ? undefined : text.slice(end + 1);
    const mark =
      typeof began === "number" && typeof keepMs === "number"
        ? { began, retention: keepMs / 1000 }
        : undefined;
    return { rest, ttl: ttl / 1000, value, tag: typeof tag === "string" ? tag : "", mark };
  } catch {
    return undefined;
  }
}
