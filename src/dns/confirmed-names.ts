import type { Address } from "../address/address.js";
import { parseAddress } from "../address/address.js";
import { RecentMap } from "../recent-map.js";
import type { DnsClient } from "./dns-client.js";

/** What is known of an address's names. `failed` = DNS could not be asked, so nothing is known. */
export type NamesAnswer =
  { readonly kind: "names"; readonly names: readonly string[] } | { readonly kind: "failed" };

/** How long answers are kept, in seconds. */
const KEPT = 3600;
const KEPT_FAILED = 60;
/** An address may claim any number of names; this many are looked at. */
const MAX_NAMES = 8;

/**
 * The names of addresses, forward-confirmed: a name counts only when it resolves to the very address that claims it, for
 * anybody can claim any name in their own reverse zone.
 */
export class ConfirmedNames {
  private readonly known = new RecentMap<string, { answer: NamesAnswer; until: number }>(8192);
  private readonly asking = new Map<string, Promise<NamesAnswer>>();

  /** @param now the clock, in ms */
  constructor(
    private readonly dns: DnsClient,
    private readonly now: () => number,
  ) {}

  /** What is known without asking. */
  cached(address: Address): NamesAnswer | undefined {
    const entry = this.known.get(address.text);
    return entry !== undefined && this.now() < entry.until ? entry.answer : undefined;
  }

  /** The confirmed names of an address, in lower case and without a dot at the end. */
  async of(address: Address): Promise<NamesAnswer> {
    const cached = this.cached(address);
    if (cached !== undefined) return cached;
    const under = this.asking.get(address.text);
    if (under !== undefined) return under;
    const asking = this.find(address).then((answer) => {
      const kept = answer.kind === "failed" ? KEPT_FAILED : KEPT;
      this.known.set(address.text, { answer, until: this.now() + kept * 1000 });
      return answer;
    });
    this.asking.set(address.text, asking);
    return asking.finally(() => this.asking.delete(address.text));
  }

  /** Forgets an address. */
  forget(address: string): void {
    this.known.delete(address);
  }

  private async find(address: Address): Promise<NamesAnswer> {
    const claimed = await this.dns.reverse(address.text);
    if (claimed.kind === "failed") return { kind: "failed" };
    if (claimed.kind === "absent") return { kind: "names", names: [] };
    const names = claimed.values.map((name) => name.toLowerCase().replace(/\.$/, "")).slice(0, MAX_NAMES);
    const confirmed = await Promise.all(names.map((name) => this.confirms(name, address)));
    if (confirmed.includes("failed") && !confirmed.includes("yes")) return { kind: "failed" };
    return { kind: "names", names: names.filter((_, index) => confirmed[index] === "yes") };
  }

  private async confirms(name: string, address: Address): Promise<"yes" | "no" | "failed"> {
    const answer = await (address.family === 4 ? this.dns.resolve4(name) : this.dns.resolve6(name));
    if (answer.kind === "failed") return "failed";
    if (answer.kind === "absent") return "no";
    return answer.values.some((text) => parseAddress(text)?.text === address.text) ? "yes" : "no";
  }
}
