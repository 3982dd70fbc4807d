import { EventEmitter } from "node:events";
import { loadPackage } from "../optional-package.js";
import { GuardedStore } from "./guarded-store.js";
import type { Store } from "./store.js";

/** Options of a {@link SessionStore}. */
export interface SessionStoreOptions {
  /** What keys start with, after their namespace; apps that share a store take one each. Default `"session|"`. */
  prefix?: string;
  /** Seconds that sessions without an expiry of their own are kept. Default 86400. */
  ttl?: number;
}

/** The part of a session that is looked at. */
export interface StoredSession {
  readonly cookie: {
    readonly expires?: Date | string | null | undefined;
    readonly originalMaxAge?: number | null | undefined;
  };
}

// What express-session puts on top of any store: it makes sessions of what is read.
interface StoreBase {
  regenerate(request: object, callback: (error?: unknown) => unknown): void;
  load(id: string, callback: (error: unknown, session?: never) => unknown): void;
  createSession(request: object, session: object): never;
}

/**
 * express-session's store on any of ours, so that sessions and bans live in one place. Sessions are `cache` keys: in a store
 * that is full the oldest go first, and no flood of them pushes out a ban.
 *
 * @throws {Error} `ERR_BUNKER_PACKAGE` when express-session is not installed
 * @example app.use(session({ store: new SessionStore(store), secret, resave: false, saveUninitialized: false }));
 */
export class SessionStore extends EventEmitter {
  /** express-session's own: gives the request a new, empty session under a new id. */
  readonly regenerate: StoreBase["regenerate"];
  /** express-session's own: reads a session and makes it ready for use. */
  readonly load: StoreBase["load"];
  /** express-session's own: makes a session of what was stored. */
  readonly createSession: StoreBase["createSession"];
  private readonly guarded: GuardedStore;
  private readonly prefix: string;
  private readonly lifetime: number;

  constructor(
    private readonly store: Store,
    options: SessionStoreOptions = {},
  ) {
    super();
    const { prefix = "session|", ttl = 86_400 } = options;
    if (!Number.isSafeInteger(ttl) || ttl < 1)
      throw new RangeError("ttl must be a whole number of seconds from 1");
    this.guarded = new GuardedStore(store);
    this.prefix = prefix;
    this.lifetime = ttl;
    const session = loadPackage("express-session", "SessionStore") as { Store: { prototype: StoreBase } };
    const base = session.Store.prototype;
    this.regenerate = base.regenerate.bind(this);
    this.load = base.load.bind(this);
    this.createSession = base.createSession.bind(this);
  }

  /** Reads a session; `null` = there is none. */
  get(id: string, callback: (error: unknown, session?: never) => void): void {
    this.complete(async () => parse(await this.guarded.get(this.key(id))) as never, callback);
  }

  /** Writes a session, for as long as its cookie lasts. */
  set(id: string, session: StoredSession, callback?: (error?: unknown) => void): void {
    this.complete(async () => this.write(id, session), callback);
  }

  /** Removes a session. */
  destroy(id: string, callback?: (error?: unknown) => void): void {
    this.complete(async () => {
      await this.guarded.delete(this.key(id));
    }, callback);
  }

  /** Lets a session last anew; one that is gone stays gone. */
  touch(id: string, session: StoredSession, callback?: (error?: unknown) => void): void {
    this.complete(async () => {
      const kept = parse(await this.guarded.get(this.key(id)));
      if (kept !== null) await this.write(id, { ...kept, cookie: session.cookie });
    }, callback);
  }

  /** Reads all sessions, each with its id. */
  all(callback: (error: unknown, sessions?: never) => void): void {
    this.complete(async () => {
      const sessions: object[] = [];
      for await (const key of this.store.keys("cache", this.prefix)) {
        const session = parse(await this.guarded.get(key));
        if (session !== null) sessions.push({ ...session, id: key.slice(this.key("").length) });
      }
      return sessions as never;
    }, callback);
  }

  /** Counts the sessions. */
  length(callback: (error: unknown, length?: number) => void): void {
    this.complete(async () => {
      const keys = this.store.keys("cache", this.prefix)[Symbol.asyncIterator]();
      let count = 0;
      while ((await keys.next()).done !== true) count++;
      return count;
    }, callback);
  }

  /** Removes all sessions. */
  clear(callback?: (error?: unknown) => void): void {
    this.complete(async () => {
      for await (const key of this.store.keys("cache", this.prefix)) await this.guarded.delete(key);
    }, callback);
  }

  private async write(id: string, session: StoredSession): Promise<void> {
    const ttl = this.ttlOf(session);
    if (ttl > 0) await this.guarded.set(this.key(id), JSON.stringify(session), ttl);
    else await this.guarded.delete(this.key(id));
  }

  // A stored cookie says when it ends, as a text; one in use as a date.
  private ttlOf({ cookie }: StoredSession): number {
    const { expires } = cookie;
    if (expires === undefined || expires === null) return this.lifetime;
    const ends = new Date(expires).getTime();
    return Number.isNaN(ends) ? this.lifetime : Math.ceil((ends - Date.now()) / 1000);
  }

  private key(id: string): string {
    return `cache:${this.prefix}${id}`;
  }

  // A callback that throws must not be called a second time with what it threw.
  private complete<T>(
    work: () => Promise<T>,
    callback: ((error: unknown, value?: T) => void) | undefined,
  ): void {
    work().then(
      (value) => setImmediate(() => callback?.(null, value)),
      (error: unknown) => setImmediate(() => callback?.(error)),
    );
  }
}

function parse(text: string | undefined): object | null {
  return text === undefined ? null : (JSON.parse(text) as object);
}
