import { AddressSet } from "../address/address-set.js";
import { listUrl } from "../lists/list-source.js";
import { addressSetCheck } from "../options/address-checks.js";
import { check, flag, integer, list, oneOf, type Check, type ReportProblem } from "../options/check.js";
import { group, nearestName, type OptionsTable } from "../options/table.js";
import type { Gate } from "../engine/protection.js";
import { ALL_CODES, parseCodeRange, type CodeRanges } from "./codes.js";

/** How long verdicts are kept, in seconds; 0 = not at all. */
export interface CacheTtl {
  /** Default 86400. */
  listed?: number;
  /** Default 86400. */
  clean?: number;
  /** What could not be found out. Default 60. */
  error?: number;
}

/** Options of DNSBL. Times are in seconds, but for `timeout`. */
export interface DnsblOptions {
  /** The zones to ask. Setting `DNSBL_LIST`. Default `bl.blocklist.de sbl.spamhaus.org xbl.spamhaus.org`. */
  list?: string | readonly string[];
  /** Addresses and CIDR ranges that are never looked up. Setting `DNSBL_IGNORE_IP`. */
  ignoreIp?: string | readonly string[] | AddressSet;
  /** `https://`, `http://` and `file:///` lists of more of them, read every hour. Setting `DNSBL_IGNORE_IP_URLS`. */
  ignoreIpUrls?: string | readonly string[];
  /** Bans who is listed. `false` = refused as long as the cached verdict lasts. Default `true`. */
  ban?: boolean;
  /** How long such a ban lasts; 0 = for good. Default 86400. */
  banTime?: number;
  /** Whether a ban holds at its service only or everywhere. Default `"service"`. */
  banScope?: "service" | "global";
  /** Refuse who is listed, or send them to the gate (`bunker()` with `antibot`, or `gate`). Default `"deny"`. */
  action?: "deny" | "challenge";
  /** Holds a client's first request until the zones have answered, `timeout` at most. `false` = never holds. Default `true`. */
  wait?: boolean;
  /** How long a first request is held, in milliseconds. Default 500. */
  timeout?: number;
  /** How many zones must list an address. Default 1. */
  quorum?: number;
  /** Which answers of a zone count: `"all"`, codes, or ranges such as `"127.0.0.2-127.0.0.9"`. */
  codes?: Readonly<Record<string, string | readonly string[]>>;
  cacheTtl?: CacheTtl;
  /** How many addresses may be looked up at once; more pass and are counted. Default 256. */
  maxLookups?: number;
  /** Fetches the reason that a zone publishes (TXT) for the events. Default `false`. */
  txt?: boolean;
  /** What happens when a zone lists a large share of all new clients: say so, or leave that zone alone too. Default `"announce"`. */
  massBan?: "announce" | "suspend";
  /** The gate for `action: "challenge"`, where the middlewares are mounted one by one: what `antibot()` answered. */
  gate?: { readonly gate: Gate };
}

/** {@link DnsblOptions} read and checked. */
export interface DnsblResolved {
  list: string[];
  ignoreIp: AddressSet;
  ignoreIpUrls: string[];
  ban: boolean;
  banTime: number;
  banScope: "service" | "global";
  action: "deny" | "challenge";
  wait: boolean;
  timeout: number;
  quorum: number;
  codes: ReadonlyMap<string, CodeRanges>;
  cacheTtl: { listed: number; clean: number; error: number };
  maxLookups: number;
  txt: boolean;
  massBan: "announce" | "suspend";
  gate: { readonly gate: Gate } | undefined;
}

const ZONE = /^(?=.{1,180}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}$/;

/** A zone's name, in lower case and without a dot at its end. */
const zoneName: Check<string> = check("a zone, such as zen.spamhaus.org", (value) => {
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

const codesCheck: Check<ReadonlyMap<string, CodeRanges>> = {
  allowed: 'an object of zones and "all" or lists of codes',
  parse: (value) => value,
  read(value, path, report) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      report({ path, value, allowed: this.allowed });
      return undefined;
    }
    const read = new Map<string, CodeRanges>();
    for (const [zone, given] of Object.entries(value as Record<string, unknown>)) {
      const at = `${path}.${zone}`;
      const name = zoneName.read(zone, at, report);
      const codes = given === "all" ? ALL_CODES : codeList.read(given, at, report);
      if (name !== undefined && codes !== undefined) read.set(name, codes);
    }
    return read;
  },
};

const gateCheck: Check<{ readonly gate: Gate }> = check("what antibot() answered", (value) =>
  (typeof value === "function" || typeof value === "object") && value !== null && "gate" in value
    ? (value as { gate: Gate })
    : undefined,
);

const MAX_INTEGER = Number.MAX_SAFE_INTEGER;
const WEEK = 604_800;
const DAY = 86_400;

/** The options of DNSBL. */
export const dnsblTable: OptionsTable<DnsblResolved> = {
  list: {
    setting: "DNSBL_LIST",
    context: "global",
    check: list(zoneName, { min: 1 }),
    default: () => ["bl.blocklist.de", "sbl.spamhaus.org", "xbl.spamhaus.org"],
    help: "The zones to ask.",
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
    help: "Lists of addresses that are never looked up, read every hour.",
  },
  ban: { check: flag(), default: true, help: "Bans who is listed." },
  banTime: {
    check: integer(0, MAX_INTEGER, "seconds"),
    default: DAY,
    help: "How long a ban lasts; 0 = for good.",
  },
  banScope: { check: oneOf("service", "global"), default: "service", help: "Where a ban holds." },
  action: {
    check: oneOf("deny", "challenge"),
    default: "deny",
    help: "Whether who is listed is refused or challenged.",
  },
  wait: {
    check: flag(),
    default: true,
    help: "Holds a client's first request until the zones have answered.",
  },
  timeout: {
    check: integer(1, 10_000, "milliseconds"),
    default: 500,
    help: "How long a first request is held.",
  },
  quorum: { check: integer(1, 100), default: 1, help: "How many zones must list an address." },
  codes: { check: codesCheck, default: () => new Map(), help: "Which answers of a zone count." },
  cacheTtl: {
    check: group({
      listed: { check: integer(0, WEEK, "seconds"), default: DAY, help: "For who is listed." },
      clean: { check: integer(0, WEEK, "seconds"), default: DAY, help: "For who is not." },
      error: { check: integer(0, 3600, "seconds"), default: 60, help: "For what could not be found out." },
    }),
    default: () => ({ listed: DAY, clean: DAY, error: 60 }),
    help: "How long verdicts are kept.",
  },
  maxLookups: {
    check: integer(1, 100_000),
    default: 256,
    help: "How many addresses may be looked up at once.",
  },
  txt: { check: flag(), default: false, help: "Fetches the reason that a zone publishes." },
  massBan: {
    check: oneOf("announce", "suspend"),
    default: "announce",
    help: "What happens when a zone lists a large share of all new clients.",
  },
  gate: { check: gateCheck, default: undefined, help: "The gate for action challenge." },
};

/** What only several options together can get wrong. */
export function checkDnsbl(
  options: DnsblResolved,
  hasGate: boolean,
  prefix: string,
  report: ReportProblem,
): void {
  const at = (name: string): string => (prefix === "" ? name : `${prefix}.${name}`);
  if (options.action === "challenge" && !hasGate) {
    report({
      path: at("action"),
      value: "challenge",
      allowed: '"deny", unless there is a gate: pass `gate`, or use bunker() with antibot',
    });
  }
  const zones = new Set(options.list);
  if (options.quorum > zones.size)
    report({
      path: at("quorum"),
      value: options.quorum,
      allowed: `at most ${zones.size}, the number of zones`,
    });
  for (const zone of options.codes.keys()) {
    if (zones.has(zone)) continue;
    const nearest = nearestName(zone, options.list);
    report({
      path: at(`codes.${zone}`),
      value: zone,
      allowed: `one of the zones in ${at("list")}`,
      ...(nearest === undefined ? {} : { nearest }),
    });
  }
}
