import type { Context } from "../engine/context.js";
import type { Gate } from "../engine/protection.js";
import type { Client } from "../request/client.js";
import type { RequestView } from "../request/request-view.js";
import { UNKNOWN_SERVICE } from "../service-name.js";
import type { Evidence } from "./evidence.js";
import type { BadBehaviorResolved } from "./options.js";

/** The reason of bans by this protection, as in BunkerWeb. */
export const REASON = "bad behavior";

const PROTECTION = "bad-behavior";
/** How long earlier bans of a client count for `banFactor`, in seconds. */
const BAN_MEMORY = 2_592_000;
/** A client gets one short ban for what another site's pages requested in this time, in seconds. */
const CROSS_SITE_MEMORY = 86_400;

/** A ban keeps the newest so many counted responses. */
const MAX_EVIDENCE = 3;

/** Bans clients that reached the threshold. */
export class BadBehaviorBans {
  constructor(
    private readonly context: Context,
    private readonly options: BadBehaviorResolved,
    private readonly gate: () => Gate | undefined,
  ) {}

  /** The key of a client's counter: bans at one service have counters at that service. */
  counterKey(client: Client): string {
    return `hit:${client.key}|bb|${this.scopeOf(client) === "global" ? "*" : (client.service as string)}`;
  }

  /** Bans a client; in `detect` mode only emits the event, once. */
  async add(client: Client, request: RequestView, evidence: readonly Evidence[]): Promise<void> {
    if (this.context.mode === "detect") {
      await this.detect(client, request, evidence);
      return;
    }
    // R24: requests that another site's page caused lead to a challenge, or a short ban.
    const lenient = await this.isLenient(client, evidence);
    const before = this.context.banIndex.find(client, client.service);
    const challenge =
      this.gate() !== undefined &&
      before === undefined &&
      (lenient || this.options.banAction === "challenge");
    const { ttl, minTtl } = await this.durationOf(client, lenient);
    const { isNew } = await this.context.bans.addUnlessBanned(client.key, {
      reason: REASON,
      ttl,
      minTtl,
      scope: this.scopeOf(client),
      service: client.service ?? UNKNOWN_SERVICE,
      address: client.ip,
      data: evidence.slice(-MAX_EVIDENCE),
      holdTime: this.options.countTime,
      merge: this.options.mergeBans,
      action: challenge ? "challenge" : "deny",
      // A loopback client gets here with `banLocal` only, as when trying a gate out on one's own machine.
      force: client.isLoopback,
      source: {
        protection: PROTECTION,
        id: request.id,
        method: request.method,
        path: request.path.path,
        status: evidence.at(-1)?.status,
        passHolder: request.pass !== undefined,
        statuses: statusesOf(evidence),
        origin: { client, request },
      },
    });
    // The next ban needs new evidence.
    if (challenge) await this.context.store.delete(this.counterKey(client));
    if (!isNew) return;
    if (lenient) await this.context.store.add(crossSiteKey(client), "1", CROSS_SITE_MEMORY);
    else if (this.grows) await this.context.store.increment(earlierBansKey(client), 1, BAN_MEMORY);
  }

  private async detect(client: Client, request: RequestView, evidence: readonly Evidence[]): Promise<void> {
    const key = `cache:${client.key}|bb|detected|${client.service ?? "*"}`;
    if (!(await this.context.store.add(key, "1", this.options.banTime))) return;
    const data = {
      scope: this.scopeOf(client),
      evidence: evidence.slice(-MAX_EVIDENCE),
      statuses: statusesOf(evidence),
    };
    const status = evidence.at(-1)?.status;
    this.context.emit("banned", { protection: PROTECTION, reason: REASON, data, status }, client, request);
  }

  // Marked only once the ban is written: several instances may be about to ban this client.
  private async isLenient(client: Client, evidence: readonly Evidence[]): Promise<boolean> {
    if (evidence.length === 0 || evidence.some(({ crossSite }) => crossSite !== true)) return false;
    return (await this.context.store.get(crossSiteKey(client))) === undefined;
  }

  private scopeOf(client: Client): "service" | "global" {
    return client.service === undefined ? "global" : this.options.banScope;
  }

  private get grows(): boolean {
    return this.options.banTime !== 0 && this.options.banFactor !== 1;
  }

  private async durationOf(client: Client, lenient: boolean): Promise<{ ttl: number; minTtl: number }> {
    const { banTime, countTime } = this.options;
    if (lenient) return { ttl: countTime, minTtl: countTime };
    if (!this.grows) return { ttl: banTime, minTtl: banTime };
    const earlier = Number((await this.context.store.get(earlierBansKey(client))) ?? 0);
    // The last ban that was counted may be one that another instance has just written for the same responses.
    return { ttl: this.banTimeAfter(earlier), minTtl: this.banTimeAfter(earlier - 1) };
  }

  // How long a ban lasts after so many earlier ones.
  private banTimeAfter(earlier: number): number {
    const { banTime, banFactor, maxBanTime } = this.options;
    const grown = Math.round(banTime * banFactor ** Math.min(earlier, 64));
    return Math.max(banTime, Math.min(maxBanTime, grown));
  }
}

function statusesOf(evidence: readonly Evidence[]): Record<number, number> {
  const statuses: Record<number, number> = {};
  for (const { status } of evidence) statuses[status] = (statuses[status] ?? 0) + 1;
  return statuses;
}

function earlierBansKey({ key }: Client): string {
  return `hit:${key}|bb|bans`;
}

function crossSiteKey({ key }: Client): string {
  return `hit:${key}|bb|cross-site`;
}
