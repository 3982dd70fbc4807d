import { validTtl } from "../store/arguments.js";
import { guessBudget, isGuess } from "../store/spent-keys.js";
import { StoreFullError } from "../store/store.js";
import { withTimeout } from "../with-timeout.js";
import { changeMessage, type ChangeFeed } from "./change-feed.js";
import type { Commands } from "./commands.js";
import type { PendingWrite } from "./fallback-store.js";
import { BUCKETS, keysOf, type KeyLocation, type KeyNames } from "./key-names.js";
import type { RecentBans } from "./recent-bans.js";
import type { RedisResolved } from "./redis-options.js";
import { DELETE, WRITE } from "./scripts.js";

/** The share of `ban` keys kept for bans by hand, which are written by `set`; automatic ones are written by `add`. */
const HAND_RESERVE = 1 / 16;

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
    { key, value, ttl }: PendingWrite,
    mode: "set" | "add" | "increment",
  ): Promise<number | readonly [string]> {
    const { commands, names } = this.parts;
    const location = names.locate(key);
    const { namespace, rest } = location;
    const ms = Math.ceil(validTtl(ttl) * 1000);
    const { result, arrived } = await this.announcing(location, ms, (message) => {
      const args = [
        rest,
        value,
        String(ms),
        names.channel(namespace),
        message,
        ...this.budget(location, mode),
      ];
      return commands.run(WRITE, this.keys(location), [...args, mode]);
    });
    if (result === -1) full(location);
    if (!arrived && result !== 0) this.parts.recent.record({ key, value, ttl });
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
    const { result } = await this.announcing(location, 0, (message) =>
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

  private async send({ key, value, ttl }: PendingWrite, mode: "set" | "restore"): Promise<unknown> {
    const { commands, names } = this.parts;
    const location = names.locate(key);
    const { namespace, rest } = location;
    const ms = Math.ceil(ttl * 1000);
    const args = [rest, value, String(ms), names.channel(namespace), changeMessage(rest, ms)];
    return commands.runAnyway(WRITE, this.keys(location), [...args, "0", "", mode]);
  }

  private keys(location: KeyLocation): string[] {
    const keys = keysOf(location);
    return location.namespace === "ban" ? [...keys, this.parts.names.deleted(location.rest)] : keys;
  }

  // Waits until the listeners of this instance were called, in Redis's order: no caller reads an older state afterwards.
  private async announcing<T extends number | boolean | readonly [string]>(
    { namespace, rest }: KeyLocation,
    ms: number,
    write: (message: string) => Promise<T>,
  ): Promise<{ result: T; arrived: boolean }> {
    const pending = this.parts.feed.expect(namespace);
    try {
      const result = await write(changeMessage(rest, ms, pending?.tag));
      if (result !== 0 && result !== -1 && result !== false && pending !== undefined)
        await withTimeout(pending.delivered, this.parts.commands.timeoutMs).catch(() => undefined);
      return { result, arrived: pending?.arrived === true };
    } finally {
      pending?.cancel();
    }
  }
}

/** @throws {StoreFullError} always */
export function full({ namespace }: KeyLocation): never {
  throw new StoreFullError(namespace);
}
