import { invalidKey, namespaceOf } from "../store/arguments.js";
import { isGuess } from "../store/spent-keys.js";
import { NAMESPACES, type Namespace } from "../store/store.js";
import { hashOf, networkGroup } from "./ban-networks.js";
import { bunkerwebKey, fromBunkerweb, BUNKERWEB_BANS } from "./bunkerweb-keys.js";

/** Where a key of the store is in Redis. */
export interface KeyLocation {
  readonly namespace: Namespace;
  /** The key without its namespace, which is the member of the index. */
  readonly rest: string;
  /** The key in Redis. */
  readonly data: string;
  /** The index that lists it; for BunkerWeb's keys one that only counts those that we wrote. */
  readonly index: string;
  /** The prefix of all keys in the index; empty for BunkerWeb's keys. */
  readonly stem: string;
}

/** The number of indexes per namespace; a cluster can spread a namespace over this many servers. */
export const BUCKETS = 16;

/**
 * Names the store's keys in Redis: `<prefix>ban:{7}:<rest>`, listed in `<prefix>index:ban:{7}`. The part in braces keeps both on
 * one server of a cluster. It depends on the address with which most keys start, so that all keys of an address are in one index.
 */
export class KeyNames {
  private readonly channels: ReadonlyMap<string, Namespace>;

  constructor(
    readonly prefix: string,
    /** Whether bans of single addresses use BunkerWeb's names. */
    readonly bunkerweb: boolean,
  ) {
    this.channels = new Map(NAMESPACES.map((namespace) => [this.channel(namespace), namespace]));
  }

  /** @throws {TypeError} when `key` has no namespace */
  locate(key: string): KeyLocation {
    const namespace = namespaceOf(key);
    if (!NAMESPACES.includes(namespace)) invalidKey(key);
    const rest = key.slice(namespace.length + 1);
    if (this.bunkerweb && namespace === "ban") {
      const data = bunkerwebKey(rest);
      if (data !== undefined)
        return {
          namespace,
          rest,
          data,
          index: `${this.prefix}index:bunkerweb:{${bucketOf(rest)}}`,
          stem: "",
        };
    }
    const bucket = bucketOf(rest);
    const { index, stem } = this.bucket(namespace, bucket);
    const own = namespace === "spent" && isGuess(rest) ? this.guessIndex(bucket) : index;
    return { namespace, rest, data: stem + rest, index: own, stem };
  }

  /** The index of a bucket and the prefix of its keys. */
  bucket(namespace: Namespace, bucket: number): { index: string; stem: string } {
    return {
      index: `${this.prefix}index:${namespace}:{${bucket}}`,
      stem: `${this.prefix}${namespace}:{${bucket}}:`,
    };
  }

  /** The indexes of a bucket: the ids of guesses have one of their own, since they have a budget of their own. */
  indexesOf(namespace: Namespace, bucket: number): string[] {
    const { index } = this.bucket(namespace, bucket);
    return namespace === "spent" ? [index, this.guessIndex(bucket)] : [index];
  }

  private guessIndex(bucket: number): string {
    return `${this.prefix}index:guess:{${bucket}}`;
  }

  /** The buckets that can contain keys with this prefix. */
  bucketsOf(prefix: string): number[] {
    return addressEnd(prefix) !== undefined
      ? [bucketOf(prefix)]
      : Array.from({ length: BUCKETS }, (_, bucket) => bucket);
  }

  /** The store's key for a key in Redis; `undefined` if it is not ours. */
  keyOf(data: string): string | undefined {
    if (this.bunkerweb && data.startsWith(BUNKERWEB_BANS)) return fromBunkerweb(data);
    if (!data.startsWith(this.prefix)) return undefined;
    const found = /^([a-z]+):\{\d+\}:/.exec(data.slice(this.prefix.length, this.prefix.length + 32));
    const namespace = found?.[1] as Namespace | undefined;
    if (found === null || namespace === undefined || !NAMESPACES.includes(namespace)) return undefined;
    return `${namespace}:${data.slice(this.prefix.length + found[0].length)}`;
  }

  /** The key that remembers which bans of the bucket of `rest` were deleted a short time ago. */
  deleted(rest: string): string {
    return `${this.prefix}deleted:ban:{${bucketOf(rest)}}`;
  }

  /** The key that counts the bans of the network of `rest` in its bucket. */
  network(rest: string): string {
    return `${this.prefix}network:ban:{${bucketOf(rest)}}:${networkGroup(rest)}`;
  }

  /** The key that has the marks of the bans of a bucket. */
  marks(bucket: number): string {
    return `${this.prefix}marks:ban:{${bucket}}`;
  }

  /** The key that has the mark of the ban of `rest`. */
  marksOf(rest: string): string {
    return this.marks(bucketOf(rest));
  }

  /** The key that has the number of a caller's last tally of `rest`. */
  caller(rest: string, by: string): string {
    return `${this.prefix}caller:{${bucketOf(rest)}}:${rest}|${by}`;
  }

  /** The channel for changes of a namespace. */
  channel(namespace: Namespace): string {
    return `${this.prefix}changes:${namespace}`;
  }

  /** The namespace of a channel; `undefined` if it has none. */
  namespaceOf(channel: string): Namespace | undefined {
    return this.channels.get(channel);
  }
}

/** The KEYS of a script about one key. */
export function keysOf({ data, index, stem }: KeyLocation): string[] {
  return [data, index, stem];
}

// By the address at the start of the key, or the whole key.
function bucketOf(rest: string): number {
  const end = addressEnd(rest) ?? rest.length;
  return hashOf(rest.slice(0, end)) % BUCKETS;
}

function addressEnd(rest: string): number | undefined {
  const bar = rest.indexOf("|");
  return bar > 0 && /^[0-9a-f.:/]+$/.test(rest.slice(0, bar)) ? bar : undefined;
}
