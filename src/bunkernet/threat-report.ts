import { parseAddress, isGlobal, prefixOf, type Address } from "../address/address.js";
import type { AddressSet } from "../address/address-set.js";
import { type BunkerEvent } from "../events/event-bus.js";
import { requestOrigin } from "../request/event-origin.js";
import type { RequestView } from "../request/request-view.js";

/** A report of a client, in the format of BunkerNet. */
export interface ThreatReport {
  readonly ip: string;
  readonly reason: string;
  readonly data: unknown;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly server_name: string;
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly date: string;
}

/** A report in the queue. */
export interface QueuedReport {
  readonly id: string;
  readonly report: ThreatReport;
}

/** What may be reported. */
export interface ReportRules {
  readonly allow: AddressSet;
  readonly ipv6Subnet: number;
  readonly reportManual: boolean;
  readonly serverName: boolean | string;
  /** Whether BunkerNet is on for a service; events of other services are not reported. */
  readonly takesPart: (service: string) => boolean;
}

/** The client and reason of a report, determined before the report is made. */
export interface ReportCandidate {
  readonly address: Address;
  /** The client's key: the address, or its IPv6 prefix. */
  readonly key: string;
  readonly reason: string;
}

/** The only headers that are reported. None of them identifies a person or the app. */
const SHARED_HEADERS = ["user-agent", "accept", "accept-language", "accept-encoding", "sec-ch-ua"] as const;
const MAX_HEADER = 256;
const MAX_URL = 1024;

/** The scheme and authority of a request target, which may contain a password. */
const AUTHORITY = /^[a-z][a-z0-9+.-]{0,31}:\/\/[^/?#]*/i;

/** Bans by our own protections, by their reason. */
const OWN_BANS = new Set(["bad behavior", "dnsbl"]);
const OWN_BANNERS = new Set(["bad-behavior", "dnsbl"]);
/** Denials that say nothing against the client. */
const OUR_FAULT = new Set(["store error", "fault", "too many requests at once"]);

/**
 * The client that a `denied` or `banned` event would report; `undefined` = none. Denials because of BunkerNet are not reported,
 * nor clients on `allow`, proxies, or addresses that the client could choose itself.
 */
export function candidateOf(
  type: "denied" | "banned",
  event: BunkerEvent,
  rules: ReportRules,
): ReportCandidate | undefined {
  if (event.mode !== "block" || !rules.takesPart(event.service)) return undefined;
  const reason = reasonOf(type, event, rules.reportManual);
  if (reason === undefined) return undefined;
  const origin = requestOrigin(event);
  // Without a request, only the operator can have named the address.
  if (origin === undefined && reason !== "manual") return undefined;
  if (origin?.client.identity.isProxy === true) return undefined;
  const address = origin === undefined ? parseAddress(event.ip) : origin.client.trustedIdentity.address;
  if (address === undefined || !isGlobal(address) || rules.allow.has(address)) return undefined;
  return { address, key: prefixOf(address, rules.ipv6Subnet).text, reason };
}

function reasonOf(type: "denied" | "banned", event: BunkerEvent, manual: boolean): string | undefined {
  const { protection, reason } = event;
  if (protection === "bunkernet" || reason === "bunkernet" || OUR_FAULT.has(reason)) return undefined;
  const own = type === "banned" ? OWN_BANNERS.has(protection) : protection !== "bans" || OWN_BANS.has(reason);
  // A reason written by an operator or the app may name people, so it is not reported.
  return own ? reason.slice(0, 64) : manual ? "manual" : undefined;
}

/** Makes the report, with only what BunkerNet needs. */
export function reportOf(
  { address, reason }: ReportCandidate,
  event: BunkerEvent,
  rules: ReportRules,
): ThreatReport {
  const request = requestOrigin(event)?.request;
  return {
    ip: address.text,
    reason,
    data: dataOf(reason, event.data),
    method: (event.method ?? "").slice(0, 16),
    url: (event.path ?? "").replace(AUTHORITY, "").slice(0, MAX_URL),
    headers: request === undefined ? {} : headersOf(request),
    server_name:
      rules.serverName === false ? "_" : rules.serverName === true ? event.service : rules.serverName,
    date: event.time.toISOString().replace(/\.\d+Z$/, "Z"),
  };
}

function headersOf(request: RequestView): Record<string, string> {
  const shared: Record<string, string> = {};
  for (const name of SHARED_HEADERS) {
    const value = request.header(name);
    if (value !== undefined) shared[name] = value.slice(0, MAX_HEADER);
  }
  return shared;
}

// Evidence contains paths and hosts; only statuses are reported.
function dataOf(reason: string, data: unknown): unknown {
  if (typeof data !== "object" || data === null) return {};
  const fields = data as Record<string, unknown>;
  if (reason === "dnsbl") {
    const { zone, code } = (fields["evidence"] ?? fields) as Record<string, unknown>;
    return {
      ...(typeof zone === "string" ? { zone: withoutKey(zone) } : {}),
      ...(typeof code === "string" ? { code: code.slice(0, 64) } : {}),
    };
  }
  const evidence = Array.isArray(data) ? data : fields["evidence"];
  if (reason !== "bad behavior" || !Array.isArray(evidence)) return {};
  const statuses: Record<string, number> = {};
  const add = (status: number, count: number): void => {
    if (status >= 100 && status <= 599) statuses[status] = (statuses[status] ?? 0) + count;
  };
  // The evidence holds only the last responses that counted.
  if (typeof fields["statuses"] === "object")
    for (const [status, count] of Object.entries(fields["statuses"] ?? {}))
      add(Number(status), Number(count));
  else for (const { status } of evidence as { status?: unknown }[]) add(Number(status), 1);
  return { statuses };
}

// A customer key before a zone is secret.
function withoutKey(zone: string): string {
  return zone.replace(/^[a-z0-9]{16,}\./, "").slice(0, 255);
}
