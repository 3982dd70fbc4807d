import { validTtl } from "../store/arguments.js";
import type { TallyOptions } from "../store/store.js";
import type { Commands } from "./commands.js";
import { keysOf, type KeyNames } from "./key-names.js";
import { full, type KeyWriter } from "./key-writer.js";
import { TALLIES, TALLY } from "./scripts.js";

/** Keys that one script reads, all of one bucket, and how many such scripts are sent at once. */
const KEYS_PER_SCRIPT = 32;
const SCRIPTS_AT_ONCE = 8;

/** The parts of the store that {@link TallyKeys} uses. */
export interface TallyKeysParts {
  readonly commands: Commands;
  readonly names: KeyNames;
  readonly writer: Pick<KeyWriter, "budget">;
}

/** Keys that hold named counters: one hash each. Changes of them are not published: there are too many. */
export class TallyKeys {
  constructor(private readonly parts: TallyKeysParts) {}

  /** Adds to the counters of a key, once for each number of a call; see {@link TallyOptions}. */
  async add(
    key: string,
    counts: ReadonlyMap<string, number>,
    { ttl, max, by, call }: TallyOptions,
  ): Promise<void> {
    const { commands, names, writer } = this.parts;
    const location = names.locate(key);
    const { namespace, rest } = location;
    const ms = String(Math.ceil(validTtl(ttl) * 1000));
    const limits = [String(max), ...writer.budget(location), names.channel(namespace)];
    const pairs = [...counts].flatMap(([name, count]) => [name, String(count)]);
    const keys = [...keysOf(location), names.caller(rest, by)];
    const result = await commands.run(TALLY, keys, [rest, ms, ...limits, String(call), ...pairs]);
    if (result === "full") full(location);
  }

  /** Reads the counters of keys, in their order. */
  async read(keys: readonly string[]): Promise<ReadonlyMap<string, number>[]> {
    const found = new Map<string, ReadonlyMap<string, number>>();
    const scripts = this.byBucket(keys).map((some) => async (): Promise<void> => {
      const data = some.map((key) => this.parts.names.locate(key).data);
      const read = await this.parts.commands.run(TALLIES, data, []);
      for (const [at, key] of some.entries()) found.set(key, read[at] ?? new Map());
    });
    for (let at = 0; at < scripts.length; at += SCRIPTS_AT_ONCE)
      await Promise.all(scripts.slice(at, at + SCRIPTS_AT_ONCE).map((script) => script()));
    return keys.map((key) => found.get(key) ?? new Map<string, number>());
  }

  // On a cluster the keys of one script must be in one bucket.
  private byBucket(keys: readonly string[]): string[][] {
    const buckets = new Map<string, string[][]>();
    for (const key of keys) {
      const { index } = this.parts.names.locate(key);
      const chunks = buckets.get(index) ?? [];
      if (chunks.length === 0) buckets.set(index, chunks);
      const last = chunks.at(-1);
      if (last === undefined || last.length >= KEYS_PER_SCRIPT) chunks.push([key]);
      else last.push(key);
    }
    return [...buckets.values()].flat();
  }
}
