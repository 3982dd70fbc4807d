import { AddressSet } from "../address/address-set.js";
import { listUrl } from "../lists/list-source.js";
import { addressSetCheck } from "../options/address-checks.js";
import { check, flag, integer, list, oneOf, type Check, type ReportProblem } from "../options/check.js";
import { group, nearestName, type AnyTable, type Resolved } from "../options/table.js";
import { checkChallenge, gateOption } from "../engine/gate-option.js";
import type { Gate } from "../engine/protection.js";
import { ALL_CODES, parseCodeRange, type CodeRanges } from "./codes.js";

/** How long verdicts are cached, in seconds; 0 = not at all. */
export interface CacheTtl {
  /** Default 86400. */
  listed?: number;
  /** Default 86400. */
  clean?: number;
  /** For look-ups that failed. Default 60. */
  error?: number;
}

/** Options of DNSBL. Times are in seconds, except `timeout`. */
export interface DnsblOptions {
  /** The zones to query. Setting `DNSBL_LIST`. Default `bl.blocklist.de sbl.spamhaus.org xbl.spamhaus.org`. */
  list?: string | readonly string[];
  /** Addresses and CIDR ranges that are never looked up. Setting `DNSBL_IGNORE_IP`. */
  ignoreIp?: string | readonly string[] | AddressSet;
  /** URLs (`https://`, `http://`, `file:///`) of lists of such addresses, read every hour. Setting `DNSBL_IGNORE_IP_URLS`. */
  ignoreIpUrls?: string | readonly string[];
  /** Bans listed clients. `false` = they are refused as long as the verdict is cached. Default `true`. */
  ban?: boolean;
  /** The duration of such a ban; 0 = permanent. Default 86400. */
  banTime?: number;
  /** Whether a ban applies to its service or everywhere. Default `"service"`. */
  banScope?: "service" | "global";
  /** Whether listed clients are refused or sent to the gate (of `bunker()` with `antibot`, or `gate`). Default `"deny"`. */
  action?: "deny" | "challenge";
  /** Holds a client's first request until the zones reply, at most `timeout`. `false` = never. Default `true`. */
  wait?: boolean;
  /** How long a first request is held at most, in milliseconds. Default 500. */
  timeout?: number;
  /** The number of zones that must list an address. Default 1. */
  quorum?: number;
  /** The response codes of a zone that count as a listing: `"all"`, codes, or ranges such as `"127.0.0.2-127.0.0.9"`. */
  codes?: Readonly<Record<string, string | readonly string[]>>;
  cacheTtl?: CacheTtl;
  /** The maximum number of concurrent look-ups; clients beyond it pass and are counted. Default 256. */
  maxLookups?: number;
  /** Fetches the reason that a zone publishes (TXT) and adds it to events. Default `false`. */
  txt?: boolean;
  /** What happens when a zone lists a large share of all new clients: warn, or also suspend the zone. Default `"announce"`. */
  massBan?: "announce" | "suspend";
  /** The gate for `action: "challenge"` if the middlewares are mounted separately: the result of `antibot()`. */
  gate?: { readonly gate: Gate };
}

const ZONE = /^(?=.{1,180}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}$/;

/** Reads a zone's name; returns it in lower case and without a trailing dot. */
const zoneName: Check<string> = check("a zone such as zen.spamhaus.org", (value) => {
  if (typeof value !== "string") return undefined;
  const name = value.toLowerCase().replace(/\.$/, "");
  return ZONE.test(name) ? name : undefined;
});

const codeList = list(
  check("a code or a range of codes within 127.0.0.2-127.255.254.255", (value) =>
    typeof value === "string" ? parseCodeRange(value) : undefined,
  ),
  { min: 1 },
);

type CodesByZone = ReadonlyMap<string, CodeRanges>;

const codesCheck: Check<CodesByZone> = {
  allowed: 'an object of zones and "all" or lists of codes',
  parse: (value) => value,
  read(value, path, report) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      report({ path, value, allowed: this.allowed });
      return undefined;
    }
    const read = new Map<string, CodeRanges>();
    for (const [zone, input] of Object.entries(value as Record<string, unknown>)) {
      const at = `${path}.${zone}`;
      const name = zoneName.read(zone, at, report);
      const codes = input === "all" ? ALL_CODES : codeList.read(input, at, report);
      if (name !== undefined && codes !== undefined) read.set(name, codes);
    }
    return read;
  },
};

const MAX_INTEGER = Number.MAX_SAFE_INTEGER;
const WEEK = 604_800;
const DAY = 86_400;

const cacheTtl = (max: number, value: number, what: string) => ({
  check: integer(0, max, "seconds"),
  default: value,
  help: `How long ${what} is cached.`,
});

/** The options of DNSBL. */
export const dnsblTable = {
  list: {
    setting: "DNSBL_LIST",
    context: "global",
    check: list(zoneName, { min: 1 }),
    default: () => ["bl.blocklist.de", "sbl.spamhaus.org", "xbl.spamhaus.org"],
    help: "The zones to query.",
  },
  ignoreIp: {
    setting: "DNSBL_IGNORE_IP",
    context: "multisite",
    multiple: true,
    check: addressSetCheck(),
    default: () => new AddressSet(),
    help: "Addresses that are never looked up.",
  },
  ignoreIpUrls: {
    setting: "DNSBL_IGNORE_IP_URLS",
    context: "multisite",
    multiple: true,
    check: list(listUrl),
    default: () => [],
    help: "URLs of lists of addresses that are never looked up, read every hour.",
  },
  ban: { check: flag(), default: true, help: "Bans listed clients." },
  banTime: {
    check: integer(0, MAX_INTEGER, "seconds"),
    default: DAY,
    help: "The duration of a ban; 0 = permanent.",
  },
  banScope: {
    check: oneOf("service", "global"),
    default: "service",
    help: "Whether a ban applies to its service or everywhere.",
  },
  action: {
    check: oneOf("deny", "challenge"),
    default: "deny",
    help: "Whether listed clients are refused or challenged.",
  },
  wait: {
    check: flag(),
    default: true,
    help: "Holds a client's first request until the zones reply.",
  },
  timeout: {
    check: integer(1, 10_000, "milliseconds"),
    default: 500,
    help: "The maximum time that a first request is held.",
  },
  quorum: { check: integer(1, 100), default: 1, help: "The number of zones that must list an address." },
  codes: {
    check: codesCheck,
    default: (): CodesByZone => new Map(),
    help: "The response codes of a zone that count as a listing.",
  },
  cacheTtl: {
    check: group({
      listed: cacheTtl(WEEK, DAY, "the verdict on a listed address"),
      clean: cacheTtl(WEEK, DAY, "the verdict on an unlisted address"),
      error: cacheTtl(3600, 60, "a failed look-up"),
    }),
    default: () => ({ listed: DAY, clean: DAY, error: 60 }),
    help: "How long verdicts are cached.",
  },
  maxLookups: {
    check: integer(1, 100_000),
    default: 256,
    help: "The maximum number of concurrent look-ups.",
  },
  txt: {
    check: flag(),
    default: false,
    help: "Fetches the reason that a zone publishes (TXT) and adds it to events.",
  },
  massBan: {
    check: oneOf("announce", "suspend"),
    default: "announce",
    help: "What happens when a zone lists a large share of all new clients.",
  },
  gate: gateOption,
} satisfies AnyTable;

/** {@link DnsblOptions} read and checked. */
export type DnsblResolved = Resolved<typeof dnsblTable>;

/** Checks options that depend on each other. */
export function checkDnsbl(
  options: DnsblResolved,
  hasGate: boolean,
  prefix: string,
  report: ReportProblem,
): void {
  const at = (name: string): string => (prefix === "" ? name : `${prefix}.${name}`);
  checkChallenge(options.action, hasGate, at("action"), report);
  const zones = new Set(options.list);
  if (options.quorum > zones.size)
    report({
      path: at("quorum"),
      value: options.quorum,
      allowed: `at most ${zones.size}, the number of zones`,
    });
  for (const zone of options.codes.keys()) {
    if (zones.has(zone)) continue;
    const allowed = `one of the zones in ${at("list")}`;
    report({ path: at(`codes.${zone}`), value: zone, allowed, nearest: nearestName(zone, options.list) });
  }
}
