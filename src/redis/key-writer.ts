import { validTtl } from "../store/arguments.js";
import { HAND_RESERVE } from "../store/ban-reserve.js";
import { guessBudget, isGuess } from "../store/spent-keys.js";
import { StoreFullError, type BanMark } from "../store/store.js";
import { withTimeout } from "../with-timeout.js";
import { markArgs } from "./ban-marks.js";
import { changeMessage, type ChangeFeed } from "./change-feed.js";
import type { Commands } from "./commands.js";
import type { PendingWrite } from "./fallback-store.js";
import { BUCKETS, keysOf, type KeyLocation, type KeyNames } from "./key-names.js";
import type { RecentBans } from "./recent-bans.js";
import type { RedisResolved } from "./redis-options.js";
import { DELETE, WRITE } from "./scripts.js";

/** The share of `ban` keys that the automatic bans of one network may hold, and how many in each bucket whatever the budget. */
const NETWORK_SHARE = 1 / 16;
const MIN_SHARE = 12;
/** The maximum number of marks, as a multiple of the maximum number of bans: they outlive the bans. */
const MARKS_PER_BAN = 4;

/** The parts of the store that {@link KeyWriter} uses. */
export interface KeyWriterParts {
  readonly commands: Commands;
  readonly names: KeyNames;
  readonly feed: ChangeFeed;
  readonly recent: RecentBans;
  readonly options: Pick<RedisResolved, "maxKeys">;
}

/** Writes and deletes keys. Each call is one script, which publishes the change, too. */
export class KeyWriter {
  constructor(private readonly parts: KeyWriterParts) {}

  /**
   * Resolves to what the script returns.
   *
   * @throws {StoreFullError} when a new `ban` or `spent` key is refused
   */
  async write(
    { key, value, ttl, mark }: PendingWrite,
    mode: "set" | "add" | "increment",
  ): Promise<number | readonly [string]> {
    const { commands, names } = this.parts;
    const location = names.locate(key);
    const { namespace, rest } = location;
    const ms = Math.ceil(validTtl(ttl) * 1000);
    const { result, arrived } = await this.announcing(location, [ms, mark], (message) => {
      const args = [
        rest,
        value,
        String(ms),
        names.channel(namespace),
        message,
        ...this.budget(location, mode),
      ];
      const ofBan = [this.share(location, mode), ...this.marking(location, mark)];
      return commands.run(WRITE, this.keys(location, mark), [...args, mode, ...ofBan]);
    });
    if (result === -1) full(location);
    if (result === -2) full(location, "share");
    if (!arrived && result !== 0) this.parts.recent.record({ key, value, ttl, mark });
    return result;
  }

  /** Writes a key whatever the budget, even during an outage. */
  async writePending(pending: PendingWrite): Promise<void> {
    await this.send(pending, "set");
    this.parts.recent.record(pending);
  }

  /** Writes a key unless it exists or was deleted a short time ago; resolves to whether it wrote. */
  async writeMissing(pending: PendingWrite): Promise<boolean> {
    return (await this.send(pending, "restore")) === 1;
  }

  /** Deletes a key; resolves to whether it existed. */
  async delete(key: string): Promise<boolean> {
    const { commands, names } = this.parts;
    const location = names.locate(key);
    const { namespace, rest } = location;
    const { result } = await this.announcing(location, [0], (message) =>
      commands.run(DELETE, this.keys(location), [rest, names.channel(namespace), message]),
    );
    this.parts.recent.record({ key, value: undefined, ttl: 0 });
    return result;
  }

  /** The last arguments of a script that may create a key. */
  budget({ namespace, rest }: KeyLocation, mode?: "set" | "add" | "increment"): [max: string, evict: string] {
    if (namespace === "state") return ["0", "evict"];
    const all = this.parts.options.maxKeys[namespace];
    const most = namespace === "ban" && mode === "add" ? all * (1 - HAND_RESERVE) : all;
    const max = Math.ceil((namespace === "spent" && isGuess(rest) ? guessBudget(most) : most) / BUCKETS);
    return [String(max), namespace === "spent" || namespace === "ban" ? "" : "evict"];
  }

  // How many bans of its network may be in its bucket; 0 = any number.
  private share({ namespace }: KeyLocation, mode: "set" | "add" | "increment"): string {
    if (namespace !== "ban" || mode !== "add") return "0";
    return String(Math.max(MIN_SHARE, Math.ceil((this.parts.options.maxKeys.ban * NETWORK_SHARE) / BUCKETS)));
  }

  private async send({ key, value, ttl, mark }: PendingWrite, mode: "set" | "restore"): Promise<unknown> {
    const { commands, names } = this.parts;
    const location = names.locate(key);
    const { namespace, rest } = location;
    const ms = Math.ceil(ttl * 1000);
    const message = changeMessage(rest, ms, undefined, mark);
    const args = [rest, value, String(ms), names.channel(namespace), message, "0", "", mode, "0"];
    return commands.runAnyway(WRITE, this.keys(location, mark), [...args, ...this.marking(location, mark)]);
  }

  private keys(location: KeyLocation, mark?: BanMark): string[] {
    const keys = keysOf(location);
    const { names } = this.parts;
    const { namespace, rest } = location;
    if (namespace !== "ban") return keys;
    const ofBans = [...keys, names.deleted(rest), names.network(rest)];
    return mark === undefined ? ofBans : [...ofBans, names.marksOf(rest)];
  }

  private marking({ namespace }: KeyLocation, mark: BanMark | undefined): string[] {
    if (namespace !== "ban" || mark === undefined) return [];
    const most = Math.ceil((this.parts.options.maxKeys.ban * MARKS_PER_BAN) / BUCKETS);
    return [...markArgs(mark), String(most)];
  }

  // Waits until the listeners of this instance were called, in Redis's order: no caller reads an older state afterwards.
  private async announcing<T extends number | boolean | readonly [string]>(
    { namespace, rest }: KeyLocation,
    [ms, mark]: [ms: number, mark?: BanMark],
    write: (message: string) => Promise<T>,
  ): Promise<{ result: T; arrived: boolean }> {
    const pending = this.parts.feed.expect(namespace);
    try {
      const result = await write(changeMessage(rest, ms, pending?.tag, mark));
      const changed = typeof result === "number" ? result > 0 : result !== false;
      if (changed && pending !== undefined)
        await withTimeout(pending.delivered, this.parts.commands.timeoutMs).catch(() => undefined);
      return { result, arrived: pending?.arrived === true };
    } finally {
      pending?.cancel();
    }
  }
}

/** @throws {StoreFullError} always */
export function full({ namespace }: KeyLocation, limit: "keys" | "share" = "keys"): never {
  throw new StoreFullError(namespace, limit);
}
