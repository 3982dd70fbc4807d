import { REFUSE_WHEN_FULL, type Admission, type Fullness, type Refusal } from "./admission.js";
import { clientHash, networkHash } from "./client-hash.js";

// Counters are found by hash: a client that shares one with a flood is refused too, one innocent client in 65 536.
const COUNTERS = 0x10000;

/** A network may hold so many bytes whatever the budget. */
const MIN_NETWORK_BYTES = 0x10000;
const SHARE_USED_UP: Refusal = { limit: "share" };

/**
 * Evicts nothing, may keep a reserve for keys written by hand, and limits how many keys one client (1/128 of the budget, at least 16) and one network (IPv4 /16, IPv6 /48;
 * 1/16 of the budgets of keys and bytes, at least 64 keys) may hold. New keys beyond that, or when a budget is used up, are
 * refused.
 */
export class Quotas implements Admission {
  private readonly perClient: number;
  private readonly perNetwork: number;
  private readonly clients = new Int32Array(COUNTERS);
  private readonly networks = new Int32Array(COUNTERS);
  private readonly networkBytes = new Float64Array(COUNTERS);
  private readonly bytesPerNetwork: number;
  private readonly maxUnreserved: number;

  /** @param reserve the share of the keys that only keys written by hand may use */
  constructor(maxKeys: number, maxBytes: number, reserve = 0) {
    this.maxUnreserved = Math.ceil(maxKeys * (1 - reserve));
    this.bytesPerNetwork = Math.max(MIN_NETWORK_BYTES, Math.floor(maxBytes / 16));
    this.perClient = Math.max(16, Math.floor(maxKeys / 128));
    this.perNetwork = Math.max(64, Math.floor(maxKeys / 16));
  }

  admit(key: string, full: Fullness, size: number, byHand = false): number | Refusal | undefined {
    if (full.keys || full.bytes) return REFUSE_WHEN_FULL.admit(key, full, size);
    if (byHand) return undefined;
    if (size >= this.maxUnreserved) return { limit: "keys" };
    const client = this.clients[clientHash(key) % COUNTERS] as number;
    const group = networkHash(key) % COUNTERS;
    return client >= this.perClient ||
      (this.networks[group] as number) >= this.perNetwork ||
      (this.networkBytes[group] as number) >= this.bytesPerNetwork
      ? SHARE_USED_UP
      : undefined;
  }

  added(_slot: number, key: string, bytes: number): void {
    this.count(key, 1, bytes);
  }

  renewed(_slot: number, key: string, bytes: number): void {
    const network = networkHash(key) % COUNTERS;
    this.networkBytes[network] = (this.networkBytes[network] as number) + bytes;
  }

  removed(_slot: number, key: string, bytes: number): void {
    this.count(key, -1, -bytes);
  }

  private count(key: string, by: 1 | -1, bytes: number): void {
    const client = clientHash(key) % COUNTERS;
    const network = networkHash(key) % COUNTERS;
    this.networkBytes[network] = (this.networkBytes[network] as number) + bytes;
    this.clients[client] = (this.clients[client] as number) + by;
    this.networks[network] = (this.networks[network] as number) + by;
  }
}
