import type { Client } from "../request/client.js";
import { messageOf, StoreFailure } from "../errors.js";
import type { Gate } from "../engine/protection.js";
import { RecentMap } from "../recent-map.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import type { DnsblResolved } from "./options.js";
import type { LookupTarget } from "./lookup-target.js";
import type { CachedVerdict } from "./verdict-cache.js";
import { UNKNOWN_SERVICE } from "../service-name.js";

/** The reason of bans by this protection, as in BunkerWeb. */
export const REASON = "dnsbl";

/** The data of a listing in events and bans. */
export function dataOf({ zone, code, txt }: CachedVerdict): Record<string, string | undefined> {
  return { zone, code, ...(txt === undefined ? {} : { txt }) };
}

/** Emits a failure of the store, or another error, as a fault. */
export function emitFailure(context: Context, error: unknown, client?: Client, request?: RequestView): void {
  const reason = error instanceof StoreFailure ? "store" : "exception";
  context.emit("fault", { protection: REASON, reason, data: messageOf(error) }, client, request);
}

/** Bans listed clients: exactly the listed address, at the service of the request. */
export class DnsblBans {
  /** In `detect` mode: clients whose event was emitted, and until when it is not repeated. */
  private readonly emitted = new RecentMap<string, number>(8192);

  constructor(
    private readonly context: Context,
    private readonly options: DnsblResolved,
    private readonly gate: () => Gate | undefined,
  ) {
    if (options.ban && options.banScope === "service") context.warnOfUnnamedService();
  }

  /** Bans a listed client, unless it is banned already; in `detect` mode only emits the event, once. */
  add(verdict: CachedVerdict, target: LookupTarget, client: Client, request: RequestView): void {
    const { ban, banTime, banScope, action } = this.options;
    // The address may be the peer's, not the client's (R2).
    if (!ban || target.ip !== client.ip) return;
    const data = dataOf(verdict);
    if (this.context.mode === "detect") {
      this.emitOnce(data, client, request);
      return;
    }
    if (this.context.banIndex.find(client, client.service) !== undefined) return;
    const adding = this.context.bans.addUnlessBanned(
      target.address.family === 6 ? `${target.ip}/128` : target.ip,
      {
        reason: REASON,
        ttl: banTime,
        scope: client.service === undefined ? "global" : banScope,
        service: client.service ?? UNKNOWN_SERVICE,
        data,
        action: action === "challenge" && this.gate() !== undefined ? "challenge" : "deny",
        source: {
          protection: REASON,
          id: request.id,
          method: request.method,
          path: request.path.path,
          passHolder: request.pass !== undefined,
          origin: { client, request },
        },
      },
    );
    adding.catch((error: unknown) => emitFailure(this.context, error, client, request));
  }

  private emitOnce(data: unknown, client: Client, request: RequestView): void {
    const key = `${client.ip}|${client.service ?? "*"}`;
    const now = this.context.now();
    if (now < (this.emitted.get(key) ?? 0)) return;
    this.emitted.set(key, now + (this.options.banTime || 86_400) * 1000);
    this.context.emit("banned", { protection: REASON, reason: REASON, data }, client, request);
  }
}
