import type NodeCache from "node-cache";
import { hashOf } from "./hash.js";

/** The data structure that holds the keys of a `MemoryStore`; docs/stores.md compares them. */
export type MemoryEngine = "map" | "node-cache";

/** A part of the keys, each with the slot of its value. */
interface Shard {
  get(key: string): number | undefined;
  set(key: string, slot: number): unknown;
  delete(key: string): unknown;
}

/** Keys per shard: a hash table of this size grows within a millisecond, one of a million keys takes a hundred. */
const SHARD_KEYS = 4096;
const MAX_SHARDS = 1024;

/** Finds the slot of each key of one namespace. */
export class KeyIndex {
  private readonly shards: (Shard | undefined)[];
  private readonly mask: number;

  constructor(
    maxKeys: number,
    private readonly engine: MemoryEngine,
  ) {
    const count = Math.min(MAX_SHARDS, 2 ** Math.ceil(Math.log2(Math.max(1, maxKeys / SHARD_KEYS))));
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
  // Loaded only when it is chosen; a literal require, so that bundlers see it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const Cache = require("node-cache") as typeof NodeCache;
  // Its own expiry reads Date.now and sweeps all keys at once, and its limit throws: partitions implement both instead.
  const cache = new Cache({ checkperiod: 0, stdTTL: 0, useClones: false });
  return {
    get: (key) => cache.get<number>(key),
    set: (key, slot) => cache.set(key, slot),
    delete: (key) => cache.del(key),
  };
}
