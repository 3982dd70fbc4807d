import { rangeContains, type Address, type AddressRange } from "../address/address.js";
import { isThenable } from "../awaitable.js";
import { messageOf } from "../errors.js";
import { EventBus, type BunkerEvent } from "../events/event-bus.js";
import { RecentMap } from "../recent-map.js";
import { UNKNOWN_SERVICE } from "../service-name.js";
import type { Store, StoreChange } from "../store/store.js";
import type { StoreScope } from "../store/store-scope.js";

/** The start of the keys of revoked passes. */
export const REVOKED_PREFIX = "state:revoked|";

/** Revoked passes that are remembered: beyond that, the one revoked first is forgotten. */
const MAX_REVOKED = 50_000;
/** Clients whose passes are known, and passes of one client. */
const MAX_CLIENTS = 20_000;
const MAX_SHOWN = 8;
/** The clocks of several instances differ, in seconds. */
const CLOCK_SKEW = 60;

/** A pass as it was shown: where it is valid, and since when, in ms. */
interface ShownPass {
  readonly id: string;
  readonly service: string;
  readonly issued: number;
}

interface Bearer {
  readonly address: Address;
  readonly passes: ShownPass[];
}

/** The scope of a ban: a service, or every one; `began` is in ms. */
interface NewBan {
  readonly range: AddressRange;
  readonly service: string | undefined;
  readonly began: number;
}

/**
 * The passes that are void for everybody, since a client that showed them was banned: in memory, for all instances on the
 * store, and as long as such a pass could live. A renewed pass keeps its id.
 */
export class RevokedPasses {
  /** Until when each is remembered, in ms; the one revoked first comes first. */
  private readonly ids = new Map<string, number>();
  private readonly bearers = new RecentMap<string, Bearer>(MAX_CLIENTS);
  private hasBearers = false;
  /** The length of the IPv6 prefix that is one client. */
  private bits6 = 128;
  private readonly store: Store;
  private readonly events: EventBus;

  /** @param clock the time in ms, and how long a pass lives at most, in s */
  constructor(
    scope: StoreScope,
    private readonly clock: { readonly now: () => number; readonly retention: () => number },
  ) {
    this.store = scope.store;
    this.events = scope.get(EventBus);
  }

  /** Whether a pass is void for everybody. */
  has(id: string): boolean {
    if (this.ids.size === 0) return false;
    const until = this.ids.get(id);
    return until !== undefined && this.clock.now() < until;
  }

  /** Remembers that a client has shown a pass that is valid for it. */
  shown(client: { readonly key: string; readonly address: Address | undefined }, pass: ShownPass): void {
    const { key, address } = client;
    if (address === undefined) return;
    if (address.family === 6) this.bits6 = Number(key.split("/")[1] ?? 128);
    this.hasBearers = true;
    let bearer = this.bearers.get(key);
    if (bearer === undefined) this.bearers.set(key, (bearer = { address, passes: [] }));
    const { passes } = bearer;
    const at = passes.findIndex(({ id }) => id === pass.id);
    if (at >= 0) passes.splice(at, 1);
    else if (passes.length >= MAX_SHOWN) passes.shift();
    const { id, service, issued } = pass;
    passes.push({ id, service, issued });
  }

  /** Revokes the passes that the banned client has shown before. */
  banned({ range, service, began }: NewBan): void {
    if (!this.hasBearers) return;
    const single = range.bits === (range.address.family === 4 ? 32 : this.bits6);
    if (single) {
      this.revokeOf(this.bearers.get(range.text), service, began);
      return;
    }
    // Bans of ranges are rare; those that were made before this process saw anybody are read by the thousand.
    if (this.clock.now() - began > CLOCK_SKEW * 1000) return;
    for (const bearer of this.bearers.values())
      if (rangeContains(range, bearer.address)) this.revokeOf(bearer, service, began);
  }

  /** Revokes a pass, here at once. */
  revoke(id: string): void {
    if (this.has(id)) return;
    const ttl = this.clock.retention() + CLOCK_SKEW;
    this.remember(id, ttl);
    this.write(() => this.store.set(REVOKED_PREFIX + id, "1", ttl));
  }

  /** Takes a change of a key that starts with {@link REVOKED_PREFIX}. */
  apply({ key, value, ttl }: StoreChange): void {
    const id = key.slice(REVOKED_PREFIX.length);
    if (value === undefined) this.ids.delete(id);
    else this.remember(id, ttl === 0 ? this.clock.retention() : ttl);
  }

  private revokeOf(bearer: Bearer | undefined, service: string | undefined, began: number): void {
    for (const pass of bearer?.passes ?? []) {
      const own = service === undefined || service === pass.service;
      if (own && pass.issued < began) this.revoke(pass.id);
    }
  }

  private remember(id: string, ttl: number): void {
    const now = this.clock.now();
    if (!this.ids.has(id)) {
      for (const [oldest, until] of this.ids) {
        const full = this.ids.size >= MAX_REVOKED;
        if (!full && now < until) break;
        this.ids.delete(oldest);
        if (full) this.write(() => this.store.delete(REVOKED_PREFIX + oldest));
      }
    }
    this.ids.set(id, now + ttl * 1000);
  }

  // A revocation that could not be stored still holds in this process.
  private write(call: () => unknown): void {
    try {
      const result = call();
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.fault(error));
    } catch (error) {
      this.fault(error);
    }
  }

  private fault(error: unknown): void {
    const event: BunkerEvent = {
      type: "fault",
      time: new Date(this.clock.now()),
      id: "",
      ip: "",
      service: UNKNOWN_SERVICE,
      protection: "antibot",
      reason: "store",
      data: messageOf(error),
      mode: "block",
    };
    if (this.events.hears("fault")) this.events.emit(event);
  }
}
