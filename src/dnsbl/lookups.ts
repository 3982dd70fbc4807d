import type { Address } from "../address/address.js";
import type { MassListingWatch } from "./mass-listing-watch.js";
import type { Zone } from "./zone.js";
import type { ZoneResponse } from "./zone-response.js";

/** The combined verdict of all zones. */
export interface CombinedVerdict {
  readonly verdict: "listed" | "clean" | "error";
  readonly zone?: Zone;
  readonly code?: string;
  /** `true` = not every zone could be asked, so cache it only briefly. */
  readonly partial: boolean;
}

/** The maximum number of concurrent look-ups of one client (an IPv6 prefix). */
const MAX_PER_CLIENT = 8;

/** Queries all zones concurrently, once per address, for a limited number of addresses at a time. */
export class Lookups {
  private readonly running = new Map<string, Promise<CombinedVerdict>>();
  private readonly perClient = new Map<string, number>();
  /** How many look-ups were not made. */
  shed = 0;

  constructor(
    private readonly zones: readonly Zone[],
    private readonly quorum: number,
    private readonly max: number,
    private readonly watch: MassListingWatch,
  ) {}

  /** Looks up an address of the client `key`. Returns `undefined` if there are too many look-ups already. */
  find(address: Address, key: string): Promise<CombinedVerdict> | undefined {
    const known = this.running.get(address.text);
    if (known !== undefined) return known;
    const own = this.perClient.get(key) ?? 0;
    if (this.running.size >= this.max || own >= MAX_PER_CLIENT) {
      this.shed++;
      return undefined;
    }
    this.perClient.set(key, own + 1);
    const { judged, done } = this.ask(address);
    this.running.set(address.text, judged);
    // The look-up ends when the last zone has replied, not when one has decided.
    void done.then(() => {
      this.running.delete(address.text);
      const left = (this.perClient.get(key) ?? 1) - 1;
      if (left > 0) this.perClient.set(key, left);
      else this.perClient.delete(key);
    });
    return judged;
  }

  /** The number of look-ups in progress. */
  get inFlight(): number {
    return this.running.size;
  }

  private ask(address: Address): { judged: Promise<CombinedVerdict>; done: Promise<unknown> } {
    const asked = this.zones.filter((zone) => zone.usable);
    let listed = 0;
    let errors = 0;
    let unable = this.zones.length - asked.length;
    let firstError: CombinedVerdict | undefined;
    let decide!: (judged: CombinedVerdict) => void;
    const judged = new Promise<CombinedVerdict>((resolve) => (decide = resolve));
    const count = (zone: Zone, response: ZoneResponse | undefined): void => {
      if (response === undefined) unable++;
      else if (response.kind === "listed") {
        if (++listed === this.quorum)
          decide({ verdict: "listed", zone, code: response.code, partial: false });
      } else if (response.kind === "error") {
        errors++;
        firstError ??= { verdict: "error", zone, code: response.code ?? response.why, partial: true };
      }
      if (response !== undefined && response.kind !== "error")
        this.watch.count(zone, response.kind === "listed");
    };
    const done = Promise.all(
      asked.map((zone) => zone.ask(address).then((response) => count(zone, response))),
    ).then(() => {
      // If the failed zones could still reach the quorum, the result is unknown.
      const open = errors > 0 && listed + errors >= this.quorum;
      if (open && firstError !== undefined) decide(firstError);
      else if (asked.length === 0) decide({ verdict: "error", partial: true });
      else decide({ verdict: "clean", partial: unable > 0 });
    });
    return { judged, done };
  }
}
