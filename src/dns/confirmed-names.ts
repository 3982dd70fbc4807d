import { parseAddress, type Address } from "../address/address.js";
import { RecentMap } from "../recent-map.js";
import type { DnsClient } from "./dns-client.js";

/** The confirmed names of an address. `failed` = DNS returned no usable answer, so the names are unknown. */
export type NamesResult =
  { readonly kind: "names"; readonly names: readonly string[] } | { readonly kind: "failed" };

/** How long results are cached, in seconds. */
const CACHE_TTL = 3600;
const FAILED_CACHE_TTL = 60;
/** An address may claim any number of names; this many are checked. */
const MAX_NAMES = 8;

/**
 * The names of addresses, forward-confirmed: a name counts only when it resolves to the very address that claims it, for
 * anybody can claim any name in their own reverse zone.
 */
export class ConfirmedNames {
  private readonly cache = new RecentMap<string, { result: NamesResult; until: number }>(8192);
  private readonly asking = new Map<string, Promise<NamesResult>>();

  /** @param now the clock, in ms */
  constructor(
    private readonly dns: DnsClient,
    private readonly now: () => number,
  ) {}

  /** The cached result, if there is one. */
  cached(address: Address): NamesResult | undefined {
    const entry = this.cache.get(address.text);
    return entry !== undefined && this.now() < entry.until ? entry.result : undefined;
  }

  /** The confirmed names of an address, in lower case and without a dot at the end. */
  async of(address: Address): Promise<NamesResult> {
    const cached = this.cached(address);
    if (cached !== undefined) return cached;
    const running = this.asking.get(address.text);
    if (running !== undefined) return running;
    const asking = this.find(address).then((result) => {
      const ttl = result.kind === "failed" ? FAILED_CACHE_TTL : CACHE_TTL;
      this.cache.set(address.text, { result, until: this.now() + ttl * 1000 });
      return result;
    });
    this.asking.set(address.text, asking);
    return asking.finally(() => this.asking.delete(address.text));
  }

  private async find(address: Address): Promise<NamesResult> {
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
