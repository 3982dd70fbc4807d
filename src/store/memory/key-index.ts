import NodeCache from "node-cache";
import { hashOf } from "./hash.js";

/** What holds the keys of a {@link MemoryStore}; see docs/stores.md for the figures behind the default. */
export type MemoryEngine = "map" | "node-cache";

/** A part of the keys, each with the slot in which its value lies. */
interface Shard {
  get(key: string): number | undefined;
  set(key: string, slot: number): unknown;
  delete(key: string): unknown;
}

/** How many keys a shard is meant for: a hash table of this size grows within a millisecond, one of a million keys in a hundred. */
const SHARD_KEYS = 4096;
const MAX_SHARDS = 1024;

/** Finds the slot of each key of one namespace. */
export class KeyIndex {
  private readonly shards: (Shard | undefined)[];
  private readonly mask: number;

  constructor(
    mostKeys: number,
    private readonly engine: MemoryEngine,
  ) {
    const count = Math.min(MAX_SHARDS, 2 ** Math.ceil(Math.log2(Math.max(1, mostKeys / SHARD_KEYS))));
    this.mask = count - 1;
    this.shards = new Array<Shard | undefined>(count).fill(undefined);
  }

  get(key: string): number | undefined {
    return this.shards[hashOf(key) & this.mask]?.get(key);
  }

  set(key: string, slot: number): void {
    const place = hashOf(key) & this.mask;
    (this.shards[place] ??= newShard(this.engine)).set(key, slot);
  }

  delete(key: string): void {
    this.shards[hashOf(key) & this.mask]?.delete(key);
  }
}

function newShard(engine: MemoryEngine): Shard {
  if (engine === "map") return new Map<string, number>();
  // Its own expiry reads Date.now and sweeps all keys at once, and its own limit throws: ours stand in for all three.
  const cache = new NodeCache({ checkperiod: 0, stdTTL: 0, useClones: false });
  return {
    get: (key) => cache.get<number>(key),
    set: (key, slot) => cache.set(key, slot),
    delete: (key) => cache.del(key),
  };
}
