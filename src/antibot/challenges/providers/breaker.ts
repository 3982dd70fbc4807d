import { prefixOf } from "../../../address/address.js";
import type { Client } from "../../../request/client.js";

/** Outages are remembered this long, in ms. */
const WINDOW = 120_000;
/** It opens when visitors of this many networks met an outage and none an answer. */
const NETWORKS = 5;
/** Between two looks whether the provider is back, in ms. */
const PROBE_EVERY = 10_000;

/**
 * Knows when a provider is down. Fed by outages alone, and only many networks together open it, so that nobody can open it
 * for himself (R21); one answer of the provider closes it.
 */
export class Breaker {
  private readonly outages = new Map<string, number>();
  private opened = false;
  private probed = 0;

  constructor(private readonly now: () => number) {}

  get isOpen(): boolean {
    return this.opened;
  }

  /** A visitor's answer met an outage; `true` when that opened it. */
  failed(client: Client): boolean {
    if (this.opened) return false;
    const now = this.now();
    for (const [network, at] of this.outages) if (now - at >= WINDOW) this.outages.delete(network);
    this.outages.set(networkOf(client), now);
    if (this.outages.size < NETWORKS) return false;
    this.opened = true;
    this.probed = now;
    return true;
  }

  /** The provider answered; `true` when that closed it. */
  answered(): boolean {
    this.outages.clear();
    const was = this.opened;
    this.opened = false;
    return was;
  }

  /** Whether it is time to look if the provider is back; the next such time is a while away. */
  takeProbe(): boolean {
    const now = this.now();
    if (!this.opened || now - this.probed < PROBE_EVERY) return false;
    this.probed = now;
    return true;
  }
}

// Wider than a client: one customer of a provider holds many clients' prefixes.
function networkOf({ address, key }: Client): string {
  if (address === undefined) return key;
  return address.family === 4 ? address.text.replace(/\.\d+$/, "") : prefixOf(address, 48).text;
}
