import type { Address } from "../address/address.js";
import type { AddressSet } from "../address/address-set.js";

/** The number of slots; a client may replace another one in its slot. */
const SLOTS = 8192;
/** How long a client counts as active, in ms. */
const ACTIVE_MS = 3_600_000;
/** Fewer are never a mass, however quiet the site. */
const MIN_LISTED = 10;
/** The share of all active clients that makes it one. */
const SHARE = 0.3;

/** How many of the active clients a list has. */
export interface ActiveShare {
  readonly active: number;
  readonly listed: number;
  /** A list that has so many of them is more likely wrong than right. */
  readonly mass: boolean;
}

/** A sample of the active clients: two writes per request, at most {@link SLOTS} clients. */
export class ActiveClients {
  private readonly addresses: (Address | undefined)[] = new Array<undefined>(SLOTS).fill(undefined);
  private readonly times = new Float64Array(SLOTS);

  /** Notes a request at `now` (ms). */
  saw(address: Address, now: number): void {
    const { words } = address;
    // The first half of an IPv6 address: one owner has the rest.
    const word = address.family === 4 ? (words[0] as number) : (words[0] as number) ^ (words[1] as number);
    const slot = (Math.imul(word, 0x9e3779b1) >>> 0) % SLOTS;
    this.addresses[slot] = address;
    this.times[slot] = now;
  }

  /**
   * How many of those seen after `since` (ms), and lately, are in `set`. Whoever is in `known`, the list before, is left out:
   * it says nothing about what is new, and bots that keep coming must neither hold up a list nor hide who it is wrong about.
   */
  shareListed(
    set: AddressSet,
    now: number,
    { since = 0, known }: { since?: number; known?: AddressSet | undefined } = {},
  ): ActiveShare {
    const after = Math.max(since, now - ACTIVE_MS);
    let active = 0;
    let listed = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const address = this.addresses[slot];
      if (address === undefined || (this.times[slot] as number) < after) continue;
      if (known?.has(address) === true) continue;
      active++;
      if (set.has(address)) listed++;
    }
    return { active, listed, mass: listed >= MIN_LISTED && listed >= active * SHARE };
  }
}
