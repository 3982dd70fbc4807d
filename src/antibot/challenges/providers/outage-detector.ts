import { prefixOf } from "../../../address/address.js";
import type { Client } from "../../../request/client.js";

/** How long a failure is remembered, in ms. */
const WINDOW = 120_000;
/** An outage starts when visitors of this many networks met a failure and none a success. */
const MIN_NETWORKS = 5;
/** The time between two looks whether the provider is back, in ms. */
const PROBE_INTERVAL = 10_000;

/** Notices when a provider is down. Failures must come from many networks, so that no visitor can start an outage alone. */
export class OutageDetector {
  /** When each network last met a failure. */
  private readonly failures = new Map<string, number>();
  private lastProbe: number | undefined;

  constructor(private readonly now: () => number) {}

  get isOutage(): boolean {
    return this.lastProbe !== undefined;
  }

  /** Counts a check that failed because of the provider; `true` when that started an outage. */
  failed(client: Client): boolean {
    if (this.isOutage) return false;
    const now = this.now();
    for (const [network, at] of this.failures) if (now - at >= WINDOW) this.failures.delete(network);
    this.failures.set(networkOf(client), now);
    if (this.failures.size < MIN_NETWORKS) return false;
    this.lastProbe = now;
    return true;
  }

  /** Notes that the provider responded; `true` when that ended an outage. */
  succeeded(): boolean {
    const { isOutage } = this;
    this.failures.clear();
    this.lastProbe = undefined;
    return isOutage;
  }

  /** Whether it is time to look if the provider is back; if so, the next look is a while away. */
  takeProbe(): boolean {
    const now = this.now();
    if (this.lastProbe === undefined || now - this.lastProbe < PROBE_INTERVAL) return false;
    this.lastProbe = now;
    return true;
  }
}

// Wider than a client: one customer of an access provider holds many clients' prefixes.
function networkOf({ address, key }: Client): string {
  if (address === undefined) return key;
  return address.family === 4 ? address.text.replace(/\.\d+$/, "") : prefixOf(address, 48).text;
}
