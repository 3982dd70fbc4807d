import { REFUSED, type Admission } from "./admission.js";
import { clientHash, networkHash } from "./client-hash.js";

// Counters are found by hash: a client that shares one with a flood is refused too, one innocent client in 65 536.
const COUNTERS = 0x10000;

/**
 * Evicts nothing, and limits how many keys one client (1/128 of the budget, at least 16) and one network (IPv4 /16, IPv6 /48;
 * 1/16 of the budget, at least 64) may hold. New keys beyond that, or when the budget is used up, are refused.
 */
export class Quotas implements Admission {
  private readonly perClient: number;
  private readonly perNetwork: number;
  private readonly clients = new Int32Array(COUNTERS);
  private readonly networks = new Int32Array(COUNTERS);

  constructor(maxKeys: number) {
    this.perClient = Math.max(16, Math.floor(maxKeys / 128));
    this.perNetwork = Math.max(64, Math.floor(maxKeys / 16));
  }

  admit(key: string, full: boolean): typeof REFUSED | undefined {
    if (full) return REFUSED;
    const client = this.clients[clientHash(key) % COUNTERS] as number;
    const network = this.networks[networkHash(key) % COUNTERS] as number;
    return client >= this.perClient || network >= this.perNetwork ? REFUSED : undefined;
  }

  added(_slot: number, key: string): void {
    this.count(key, 1);
  }

  removed(_slot: number, key: string): void {
    this.count(key, -1);
  }

  private count(key: string, by: 1 | -1): void {
    const client = clientHash(key) % COUNTERS;
    const network = networkHash(key) % COUNTERS;
    this.clients[client] = (this.clients[client] as number) + by;
    this.networks[network] = (this.networks[network] as number) + by;
  }
}
