import type { Address } from "../address/address.js";
import type { MassListingWatch } from "./mass-listing-watch.js";
import type { Zone } from "./zone.js";
import type { ZoneResponse } from "./zone-response.js";

/** What the zones say together. */
export interface CombinedVerdict {
  readonly verdict: "listed" | "clean" | "error";
  readonly zone?: Zone;
  readonly code?: string;
  /** `true` = not every zone could be asked, so it should not be believed for long. */
  readonly partial: boolean;
}

/** How many addresses of one client (an IPv6 prefix) may be looked up at once. */
const MAX_PER_CLIENT = 8;

/** Asks all zones about addresses: at once, once an address, and never more than a fixed number of addresses. */
export class Lookups {
  private readonly running = new Map<string, Promise<CombinedVerdict>>();
  private readonly perClient = new Map<string, number>();
  private shedCount = 0;

  constructor(
    private readonly zones: readonly Zone[],
    private readonly quorum: number,
    private readonly max: number,
    private readonly watch: MassListingWatch,
  ) {}

  /**
   * Asks about an address of the client kept under `key`. `undefined` = not asked: too many are under way (R33).
   */
  find(address: Address, key: string): Promise<CombinedVerdict> | undefined {
    const known = this.running.get(address.text);
    if (known !== undefined) return known;
    const own = this.perClient.get(key) ?? 0;
    if (this.running.size >= this.max || own >= MAX_PER_CLIENT) {
      this.shedCount++;
      return undefined;
    }
    this.perClient.set(key, own + 1);
    const { judged, done } = this.ask(address);
    this.running.set(address.text, judged);
    // Its place is free when the last zone has answered, not when the first one decided.
    void done.then(() => {
      this.running.delete(address.text);
      const left = (this.perClient.get(key) ?? 1) - 1;
      if (left > 0) this.perClient.set(key, left);
      else this.perClient.delete(key);
    });
    return judged;
  }

  /** How many addresses are being looked up. */
  get inFlight(): number {
    return this.running.size;
  }

  /** How many look-ups were not made. */
  get shed(): number {
    return this.shedCount;
  }

  private ask(address: Address): { judged: Promise<CombinedVerdict>; done: Promise<unknown> } {
    const asked = this.zones.filter((zone) => zone.usable);
    let listed = 0;
    let errors = 0;
    let unable = this.zones.length - asked.length;
    let firstError: CombinedVerdict | undefined;
    let decide!: (judged: CombinedVerdict) => void;
    const judged = new Promise<CombinedVerdict>((resolve) => (decide = resolve));
    const hear = (zone: Zone, answer: ZoneResponse | undefined): void => {
      if (answer === undefined) unable++;
      else if (answer.kind === "listed") {
        if (++listed === this.quorum) decide({ verdict: "listed", zone, code: answer.code, partial: false });
      } else if (answer.kind === "error") {
        errors++;
        firstError ??= { verdict: "error", zone, code: answer.code ?? answer.why, partial: true };
      }
      if (answer !== undefined && answer.kind !== "error") this.watch.saw(zone, answer.kind === "listed");
    };
    const done = Promise.all(
      asked.map((zone) => zone.ask(address).then((answer) => hear(zone, answer))),
    ).then(() => {
      // With what failed it might have been a listing: nobody knows, so it is neither.
      const open = errors > 0 && listed + errors >= this.quorum;
      if (open && firstError !== undefined) decide(firstError);
      else if (asked.length === 0) decide({ verdict: "error", partial: true });
      else decide({ verdict: "clean", partial: unable > 0 });
    });
    return { judged, done };
  }
}
