import { NAMESPACES, type Namespace } from "../store/store.js";
import { bunkerwebKey, fromBunkerweb, BUNKERWEB_BANS } from "./bunkerweb-keys.js";

/** Where one of the store's keys lives in Redis. */
export interface KeyLocation {
  readonly namespace: Namespace;
  /** The key without its namespace: the index's member. */
  readonly rest: string;
  /** The key in Redis. */
  readonly data: string;
  /** The index that lists it; empty for BunkerWeb's keys, which others write without any. */
  readonly index: string;
  /** What `data` starts with. */
  readonly stem: string;
}

/** Into how many indexes a namespace is split; a cluster can spread a namespace over as many servers. */
export const BUCKETS = 16;

/**
 * How the store's keys are called in Redis: `<prefix>ban:{7}:<rest>`, listed in `<prefix>index:ban:{7}`. The part in braces
 * keeps both on one server of a cluster; it hangs on the address with which most keys start, so that all
 * keys of an address are found in one index.
 */
export class KeyNames {
  constructor(
    readonly prefix: string,
    /** Whether bans of single addresses have BunkerWeb's names. */
    readonly bunkerweb: boolean,
  ) {}

  /** @throws {TypeError} when `key` has no namespace */
  locate(key: string): KeyLocation {
    const colon = key.indexOf(":");
    const namespace = key.slice(0, colon) as Namespace;
    if (!NAMESPACES.includes(namespace))
      throw new TypeError(`a store's keys start with ${NAMESPACES.join(":, ")}:, unlike "${key}"`);
    const rest = key.slice(colon + 1);
    if (this.bunkerweb && namespace === "ban") {
      const data = bunkerwebKey(rest);
      if (data !== undefined) return { namespace, rest, data, index: "", stem: "" };
    }
    const { index, stem } = this.bucket(namespace, bucketOf(rest));
    return { namespace, rest, data: stem + rest, index, stem };
  }

  /** The index of one bucket and what the keys in it start with. */
  bucket(namespace: Namespace, bucket: number): { index: string; stem: string } {
    return {
      index: `${this.prefix}index:${namespace}:{${bucket}}`,
      stem: `${this.prefix}${namespace}:{${bucket}}:`,
    };
  }

  /** The buckets in which keys with this prefix can be. */
  bucketsOf(prefix: string): number[] {
    return addressEnd(prefix) !== undefined
      ? [bucketOf(prefix)]
      : Array.from({ length: BUCKETS }, (_, bucket) => bucket);
  }

  /** The store's key behind a key in Redis, if it is one of ours. */
  keyOf(data: string): string | undefined {
    if (this.bunkerweb && data.startsWith(BUNKERWEB_BANS)) return fromBunkerweb(data);
    if (!data.startsWith(this.prefix)) return undefined;
    const found = /^([a-z]+):\{\d+\}:/.exec(data.slice(this.prefix.length, this.prefix.length + 32));
    const namespace = found?.[1] as Namespace | undefined;
    if (found === null || namespace === undefined || !NAMESPACES.includes(namespace)) return undefined;
    return `${namespace}:${data.slice(this.prefix.length + found[0].length)}`;
  }

  /** Where changes of a namespace are told. */
  channel(namespace: Namespace): string {
    return `${this.prefix}changes:${namespace}`;
  }
}

/** The keys that a script about one place is given. */
export function keysOf({ data, index, stem }: KeyLocation): string[] {
  return [data, index, stem];
}

// FNV-1a, of the address that a key starts with, or of all of it.
function bucketOf(rest: string): number {
  const end = addressEnd(rest) ?? rest.length;
  let hash = 0x811c9dc5;
  for (let at = 0; at < end; at++) hash = Math.imul(hash ^ rest.charCodeAt(at), 0x01000193);
  return (hash >>> 16) % BUCKETS;
}

function addressEnd(rest: string): number | undefined {
  const bar = rest.indexOf("|");
  return bar > 0 && /^[0-9a-f.:/]+$/.test(rest.slice(0, bar)) ? bar : undefined;
}
