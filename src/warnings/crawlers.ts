import { parseAddress, isGlobal, type Address } from "../address/address.js";
import { ConfirmedNames } from "../dns/confirmed-names.js";
import { DnsClient } from "../dns/dns-client.js";
import type { ResolverOption } from "../dns/resolver-option.js";
import { claimedBot, ownsName, type BotName } from "../dns/verified-bots.js";
import type { MeteredRequest, Refusal } from "../meter.js";
import { printable } from "../printable.js";
import { RecentMap } from "../recent-map.js";
import { TokenBucket } from "../token-bucket.js";
import { HOUR_MS } from "../events/active-warnings.js";
import { ALARM, type SignContext } from "./sign.js";

/** How many addresses' names are asked for. */
const RATE = { burst: 10, perSecond: 10 / 3600 };

/** Crawlers whose address has a confirmed name in DNS are challenged or refused: the site vanishes from their index. */
export class Crawlers {
  private readonly dns: DnsClient;
  private readonly names: ConfirmedNames;
  private readonly rate: TokenBucket;
  /** Until when an address is not asked about again, in ms. */
  private readonly asked = new RecentMap<string, number>(256);

  constructor(
    private readonly context: SignContext,
    resolver: ResolverOption | undefined,
  ) {
    this.dns = new DnsClient({ resolver, maxInFlight: 16 });
    this.names = new ConfirmedNames(this.dns, context.now);
    this.rate = new TokenBucket(RATE, context.now());
  }

  refused(type: "denied" | "challenged", refusal: Refusal, request: MeteredRequest): void {
    const bot = claimedBot(request.header?.("user-agent") ?? "");
    if (bot === undefined) return;
    const now = this.context.now();
    const until = this.asked.get(request.ip);
    if (until !== undefined && now < until) return;
    const address = parseAddress(request.ip);
    if (address === undefined || !isGlobal(address) || !this.rate.take(now)) return;
    this.asked.set(request.ip, now + HOUR_MS);
    // Only what is needed later: a request must not be kept alive by a slow name server.
    const path = printable(request.path.path, 100);
    const { protection } = refusal;
    void this.verify(address, bot, { verb: type === "denied" ? "refused" : "challenged", protection, path });
  }

  close(): void {
    this.dns.cancel();
  }

  private async verify(
    address: Address,
    bot: BotName,
    { verb, protection, path }: { verb: string; protection: string; path: string },
  ): Promise<void> {
    const found = await this.names.of(address);
    if (found.kind === "failed" || !found.names.some((name) => ownsName(bot, name))) return;
    const advice =
      protection === "antibot"
        ? `antibot: { verifiedBots: [${JSON.stringify(bot)}] }`
        : `allow: ${JSON.stringify(address.text)}`;
    this.context.events.warn(
      "WRN_BUNKER_CRAWLERS",
      `a crawler of ${bot}, confirmed by its name in DNS, was ${verb} by ${protection} when it requested "${path}"`,
      bot,
      { ...ALARM, lasts: 2 * HOUR_MS, ip: address.text, advice },
    );
  }
}
