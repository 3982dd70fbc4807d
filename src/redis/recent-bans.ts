import { messageOf } from "../errors.js";
import type { Log } from "../log/log.js";
import { markKeyOf, VOID_PREFIX } from "../store/mark-key.js";
import type { BanMark } from "../store/store.js";
import type { PublishedChange } from "./change-feed.js";
import type { Commands } from "./commands.js";
import type { PendingWrite } from "./fallback-store.js";

/** How long a ban is remembered after it was written, in ms, and how many of them. */
const REMEMBERED_MS = 600_000;
const MAX_REMEMBERED = 10_000;
/** After so many records, the oldest are forgotten. One at a time would be slow: a Map still walks over what was deleted at its start. */
const TRIM_AFTER = 500;
/** Bans written again at a time. */
const BATCH = 500;

interface Remembered {
  readonly value: string;
  /** In ms; Infinity = never. */
  readonly ends: number;
  readonly mark: BanMark | undefined;
  /** When it was written or heard of, in ms. */
  readonly at: number;
}

/** The parts of the store that {@link RecentBans} uses. */
export interface RecentBansParts {
  readonly commands: Commands;
  readonly logger: Log | false;
  /** A key of this instance, which only a flush deletes. */
  readonly markKey: string;
  /** Writes a key unless the server has it or knows that it was deleted; resolves to whether it wrote. */
  writeMissing(write: PendingWrite): Promise<boolean>;
}

/**
 * The bans of the last minutes, of all instances. Replication is asynchronous, so a replica that becomes the master, or a server
 * that was restarted, may lack bans that the old one had acknowledged: when the run id has changed, they are written again before
 * anything is read. Bans that were lifted or flushed are not.
 */
export class RecentBans {
  private readonly kept = new Map<string, Remembered>();
  private runId: string | undefined;
  /** When the database was flushed, in ms, until the next check. */
  private flushed: number | undefined;
  private isMaster = true;
  /** The run id of the server on which the mark was set. */
  private marked: string | undefined;
  /** Bans written again since that was last logged: an attempt may be cut off. */
  private written = 0;
  private recorded = 0;

  constructor(private readonly parts: RecentBansParts) {}

  /** Remembers a write, or forgets a key that was deleted. */
  record({ key, value, ttl, mark }: PublishedChange): void {
    if (!isBan(key)) return;
    this.kept.delete(key);
    if (value === undefined) return;
    const now = Date.now();
    this.kept.set(key, { value, ends: ttl === 0 ? Infinity : now + ttl * 1000, mark, at: now });
    if (++this.recorded % TRIM_AFTER === 0) this.trim(now);
  }

  get isEmpty(): boolean {
    return this.kept.size === 0;
  }

  has(key: string): boolean {
    return this.kept.has(key);
  }

  /** All keys of the server were deleted, or it is a replica that is being filled. */
  wasFlushed(): void {
    this.flushed = Date.now();
  }

  /** Finds out whether another server answers now; if so, writes again what it lacks. Rejects when the server does not answer. */
  async check(): Promise<void> {
    const server = await this.server();
    this.isMaster = server?.isMaster === true;
    // A replica has the bans that its master has.
    if (server === undefined || !server.isMaster) {
      this.flushed = undefined;
      return;
    }
    this.forgetFlushed();
    if (this.runId !== undefined && this.runId !== server.runId) await this.writeAgain();
    this.runId = server.runId;
  }

  /** For clients that Redis does not tell of a flush: called every few seconds, notices that a key of its own is gone. */
  async lookForFlush(): Promise<void> {
    const { commands, markKey } = this.parts;
    const mark = await commands.ask(["SET", markKey, "1", "EX", String(REMEMBERED_MS / 1000), "GET"]);
    // Another server may lack the mark because it lags behind.
    if (mark === null && this.marked !== undefined && this.marked === (await this.server())?.runId)
      this.kept.clear();
    this.marked = this.runId;
  }

  /** Forgets what a listing that began at `since` (ms) did not find: it was deleted while no change was received. */
  retain(found: ReadonlySet<string>, since: number): void {
    if (!this.isMaster) return;
    for (const [key, { at }] of this.kept)
      if (at < since && key.startsWith("ban:") && !found.has(key)) this.kept.delete(key);
  }

  private trim(now: number): void {
    for (const [oldest, { at }] of this.kept) {
      if (this.kept.size <= MAX_REMEMBERED && now - at < REMEMBERED_MS) break;
      this.kept.delete(oldest);
    }
  }

  // `undefined` = this user may not ask: nothing is ever written again.
  private async server(): Promise<{ runId: string; isMaster: boolean } | undefined> {
    try {
      const info = String(await this.parts.commands.ask(["INFO"]));
      const runId = /^run_id:(\w+)/m.exec(info)?.[1];
      return runId === undefined ? undefined : { runId, isMaster: /^role:master/m.test(info) };
    } catch (error) {
      if (messageOf(error).includes("NOPERM")) return undefined;
      throw error;
    }
  }

  private forgetFlushed(): void {
    const { flushed } = this;
    if (flushed === undefined) return;
    this.flushed = undefined;
    for (const [key, { at }] of this.kept) if (at <= flushed) this.kept.delete(key);
  }

  private async writeAgain(): Promise<void> {
    const write = async (one: PendingWrite): Promise<void> => {
      if ((await this.parts.writeMissing(one)) && one.key.startsWith("ban:")) this.written++;
    };
    const recent = [...this.inForce()];
    for (let at = 0; at < recent.length; at += BATCH)
      await Promise.all(recent.slice(at, at + BATCH).map(write));
    const { written } = this;
    this.written = 0;
    if (written === 0 || this.parts.logger === false) return;
    this.parts.logger.info(
      "redis_bans_restored",
      `another Redis server has taken over, or it was restarted; ${written} recent bans that it lacked were written again`,
    );
  }

  private *inForce(): Generator<PendingWrite, void, undefined> {
    const now = Date.now();
    for (const [key, { value, ends, mark, at }] of this.kept) {
      if (now - at >= REMEMBERED_MS) continue;
      if (now < ends) yield { key, value, ttl: ends === Infinity ? 0 : (ends - now) / 1000, mark };
      else if (mark !== undefined) {
        // The ban is over, but not its mark.
        const left = (ends - now) / 1000 + mark.retention;
        if (left > 0) yield { key: markKeyOf(key), value: String(mark.began), ttl: left };
      }
    }
  }
}

// A ban, or the mark that keeps older passes void.
function isBan(key: string): boolean {
  return key.startsWith("ban:") || key.startsWith(VOID_PREFIX);
}
