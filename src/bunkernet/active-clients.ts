import type { Address } from "../address/address.js";
import type { AddressSet } from "../address/address-set.js";
import { MassCount } from "../engine/mass-count.js";

/** The number of slots; a client may replace another one in its slot. */
const SLOTS = 8192;
/** How long a client counts as active, in ms. */
const ACTIVE_MS = 3_600_000;

/** A sample of the active clients: two writes per request, at most {@link SLOTS} clients. */
export class ActiveClients {
  private slots: { readonly addresses: (Address | undefined)[]; readonly times: Float64Array } | undefined;

  /** Remembers a request at `now` (ms). */
  add(address: Address, now: number): void {
    const { words } = address;
    // The first half of an IPv6 address: one owner has the rest.
    const word = address.family === 4 ? (words[0] as number) : (words[0] as number) ^ (words[1] as number);
    const slot = (Math.imul(word, 0x9e3779b1) >>> 0) % SLOTS;
    this.slots ??= { addresses: new Array<undefined>(SLOTS).fill(undefined), times: new Float64Array(SLOTS) };
    this.slots.addresses[slot] = address;
    this.slots.times[slot] = now;
  }

  /**
   * Counts the clients seen lately, and after `since` (ms), and those of them that `set` contains. Addresses in `known`, the
   * list before, are left out: they say nothing about what is new, and bots that keep coming must neither hold up a list nor
   * hide the clients that it is wrong about.
   */
  shareListed(
    set: AddressSet,
    now: number,
    { since = 0, known }: { since?: number; known?: AddressSet | undefined } = {},
  ): MassCount {
    const after = Math.max(since, now - ACTIVE_MS);
    const count = new MassCount();
    if (this.slots === undefined) return count;
    const { addresses, times } = this.slots;
    for (let slot = 0; slot < SLOTS; slot++) {
      const address = addresses[slot];
      if (address === undefined || (times[slot] as number) < after) continue;
      if (known?.has(address) === true) continue;
      count.active++;
      if (set.has(address)) count.affected++;
    }
    return count;
  }
}
