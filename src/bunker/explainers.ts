import type { GateProtection } from "../antibot/gate.js";
import type { BadBehaviorProtection } from "../bad-behavior/bad-behavior-protection.js";
import type { BadBehaviorResolved } from "../bad-behavior/options.js";
import type { BunkernetProtection } from "../bunkernet/bunkernet-protection.js";
import type { Client } from "../request/client.js";
import type { Explainers } from "../engine/explain.js";
import { exclusionOf } from "../engine/exclusions.js";
import type { Protection, ProtectionExplanation } from "../engine/protection.js";
import type { RequestView } from "../request/request-view.js";
import type { Awaitable } from "../awaitable.js";
import type { DnsblProtection } from "../dnsbl/dnsbl-protection.js";

/** The protections of one app, and what they do with whom they find. */
export interface Explained {
  dnsbl?: { readonly protection: DnsblProtection; readonly action: "deny" | "challenge" } | undefined;
  bunkernet?: { readonly protection: BunkernetProtection; readonly action: "deny" | "challenge" } | undefined;
  badBehavior?:
    | {
        readonly protection: BadBehaviorProtection;
        readonly options: BadBehaviorResolved;
        readonly banLocal: boolean;
      }
    | undefined;
  gate?: GateProtection | undefined;
}

/** Explains what protections would say where asking them would count, ban or report. */
export function explainersOf({ dnsbl, bunkernet, badBehavior, gate }: Explained): Explainers {
  const explainers = new Map<
    Protection,
    (client: Client, request: RequestView) => Awaitable<ProtectionExplanation>
  >();
  // A challenge is met by a good pass.
  const listed = async (
    action: "deny" | "challenge",
    client: Client,
    request: RequestView,
    why: ProtectionExplanation,
  ): Promise<ProtectionExplanation> => {
    if (action === "deny" || gate === undefined) return why;
    const { action: verdict } = await gate.challenge(client, request);
    return { ...why, verdict };
  };
  if (dnsbl !== undefined) {
    const { protection, action } = dnsbl;
    explainers.set(protection, async (client, request) => {
      if (client.identity.isProxy) return { verdict: "pass", reason: "a trusted proxy" };
      // Whose private address anybody could claim is looked up by the peer's (R2).
      const { ip } = client.identity.isGlobal ? client : client.vouched;
      const { verdict, ...data } = await protection.check(ip);
      if (verdict === "error") return { verdict: "error", reason: "look-up failed", data };
      return verdict === "listed"
        ? listed(action, client, request, { verdict: "deny", reason: "dnsbl", data })
        : { verdict: "pass", reason: verdict === "skipped" ? "never looked up" : "not listed", data };
    });
  }
  if (bunkernet !== undefined) {
    const { protection, action } = bunkernet;
    explainers.set(protection, (client, request) => {
      const { state } = protection.status.list;
      if (state === "none") return { verdict: "pass", reason: "no list has come yet" };
      if (client.identity.isProxy) return { verdict: "pass", reason: "a trusted proxy" };
      const { ip } = client.vouched;
      return client.address !== undefined && protection.has(ip)
        ? listed(action, client, request, { verdict: "deny", reason: "bunkernet" })
        : { verdict: "pass", reason: "not listed" };
    });
  }
  if (badBehavior !== undefined) {
    const { protection, options, banLocal } = badBehavior;
    explainers.set(protection, (client, request) => {
      const { threshold, countTime, statusCodes } = options;
      const why = client.identity.isProxy
        ? "a trusted proxy"
        : client.isGlobal || banLocal
          ? exclusionOf(options, client, request)
          : "not a global address";
      return why === undefined
        ? {
            verdict: "pass",
            reason: "the answer may count",
            data: { threshold, countTime, statusCodes: [...statusCodes] },
          }
        : { verdict: "pass", reason: `the answer does not count: ${why}` };
    });
  }
  return explainers;
}
