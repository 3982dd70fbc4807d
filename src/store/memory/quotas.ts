import { REFUSED, type Admission } from "./admission.js";
import { clientHash, networkHash } from "./client-hash.js";

// Counters are found by hash: who shares one with a flood shares its refusals, one innocent in 65 536.
const COUNTERS = 0x10000;

/**
 * Nothing is ever evicted, and nobody may use up the room of all: one client gets 1/128 of it (16 keys at least), one
 * network (IPv4 /16, IPv6 /48) 1/16 (64 keys at least). Beyond that, and when there is no room, new keys are refused.
 */
export class Quotas implements Admission {
  private readonly perClient: number;
  private readonly perNetwork: number;
  private readonly clients = new Int32Array(COUNTERS);
  private readonly networks = new Int32Array(COUNTERS);

  constructor(mostKeys: number) {
    this.perClient = Math.max(16, Math.floor(mostKeys / 128));
    this.perNetwork = Math.max(64, Math.floor(mostKeys / 16));
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

  resize(): void {
    // Keeps nothing by slot.
  }
  renewed(): void {
    // A key written again is still one key.
  }

  private count(key: string, by: 1 | -1): void {
    const client = clientHash(key) % COUNTERS;
    const network = networkHash(key) % COUNTERS;
    this.clients[client] = (this.clients[client] as number) + by;
    this.networks[network] = (this.networks[network] as number) + by;
  }
}
