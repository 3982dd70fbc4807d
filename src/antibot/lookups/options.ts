import type { IncomingMessage } from "node:http";
import { check, flag, list, oneOf, type Check, type ReportProblem } from "../../options/check.js";
import { group, type AnyTable, type Resolved } from "../../options/table.js";
import { asnOf, countryOf, geoCheck, readAsn, readCountry, type GeoLookup } from "./geo-database.js";
import { cookieRulesCheck } from "./ignore-cookie.js";
import { suffixCheck } from "../../dns/name-suffix.js";
import { BOT_NAMES, type BotName } from "../../dns/verified-bots.js";

/** Where AS numbers and countries come from: paths of MMDB files (`mmdb-lib` or `maxmind` installed), or functions. */
export interface GeoOptions {
  /** Returns an AS number, as a number or as `AS15169`. Setting `ANTIBOT_GEO_ASN`: a path. */
  asn?: string | GeoLookup<number | string>;
  /** Returns a country's two letters. Setting `ANTIBOT_GEO_COUNTRY`: a path. */
  country?: string | GeoLookup<string>;
}

/** A cookie that lets a request through. */
export interface IgnoreCookie<Req extends IncomingMessage = IncomingMessage> {
  name: string;
  /** Whether the value is valid. Must return at once. */
  verify: (value: string, request: Req) => boolean;
}

/** Exclusions from the gate that need a look-up or your own check. */
export interface LookupOptions<Req extends IncomingMessage = IncomingMessage> {
  /**
   * Host names whose addresses are not gated: `.googlebot.com` is that name and all below it. A name counts only if it resolves
   * back to the address. Setting `ANTIBOT_IGNORE_RDNS`.
   */
  ignoreRdns?: string | readonly string[];
  /** Looks up names of global addresses only. Setting `ANTIBOT_RDNS_GLOBAL`. Default `true`. */
  rdnsGlobal?: boolean;
  /** Networks that are not gated, by AS number; needs `geo.asn`. Setting `ANTIBOT_IGNORE_ASN`. */
  ignoreAsn?: string | readonly (string | number)[];
  /** Countries that are not gated, by their two letters; needs `geo.country`. Setting `ANTIBOT_IGNORE_COUNTRY`. */
  ignoreCountry?: string | readonly string[];
  /** Only these countries are gated; needs `geo.country`. Setting `ANTIBOT_ONLY_COUNTRY`. */
  onlyCountry?: string | readonly string[];
  /** Crawlers that are not gated, recognised by their confirmed names and never by their User-Agent alone. */
  verifiedBots?: readonly BotName[];
  geo?: GeoOptions;
  /** Cookies that let a request through. A name without `verify` lets any client through and logs a warning. */
  ignoreCookie?: string | IgnoreCookie<Req> | readonly (string | IgnoreCookie<Req>)[];
}

export const geoTable = {
  // BunkerWeb brings its databases along; these two settings are ours.
  asn: {
    setting: "ANTIBOT_GEO_ASN",
    context: "global",
    check: geoCheck("AS number", asnOf),
    default: undefined,
    help: "The source of AS numbers: an MMDB file or a function; BunkerWeb includes a database instead.",
  },
  country: {
    setting: "ANTIBOT_GEO_COUNTRY",
    context: "global",
    check: geoCheck("two letters", countryOf),
    default: undefined,
    help: "The source of countries: an MMDB file or a function; BunkerWeb includes a database instead.",
  },
} satisfies AnyTable;

const asnCheck = check("an AS number such as 15169 or AS15169", readAsn);
const countryCheck = check("a country's two letters", readCountry);

export const lookupTable = {
  ignoreRdns: {
    setting: "ANTIBOT_IGNORE_RDNS",
    context: "multisite",
    check: list(suffixCheck),
    default: () => [],
    help: "Host names whose addresses are not gated, each with all names below it; a name must resolve back to the address.",
  },
  rdnsGlobal: {
    setting: "ANTIBOT_RDNS_GLOBAL",
    context: "multisite",
    check: flag(),
    default: true,
    help: "Looks up host names of global addresses only.",
  },
  ignoreAsn: {
    setting: "ANTIBOT_IGNORE_ASN",
    context: "multisite",
    check: setOf(asnCheck),
    default: () => new Set(),
    help: "Networks that are not gated, by AS number; needs geo.asn.",
  },
  ignoreCountry: {
    setting: "ANTIBOT_IGNORE_COUNTRY",
    context: "multisite",
    check: setOf(countryCheck),
    default: () => new Set(),
    help: "Countries that are not gated, by their two letters; needs geo.country.",
  },
  onlyCountry: {
    setting: "ANTIBOT_ONLY_COUNTRY",
    context: "multisite",
    check: setOf(countryCheck),
    default: () => new Set(),
    help: "Countries that are gated, instead of all; needs geo.country.",
  },
  verifiedBots: {
    check: list(oneOf(...BOT_NAMES)),
    default: () => [],
    help: "Crawlers that are not gated, recognised by their confirmed names in DNS.",
  },
  geo: {
    check: group(geoTable),
    default: () => ({ asn: undefined, country: undefined }),
    help: "The sources of AS numbers and countries.",
  },
  ignoreCookie: {
    check: cookieRulesCheck,
    default: () => [],
    help: "Cookies that let a request through.",
  },
} satisfies AnyTable;

export type LookupResolved = Resolved<typeof lookupTable>;

export function checkLookups(
  options: LookupResolved,
  at: (name: string) => string,
  report: ReportProblem,
): void {
  const needs = (name: "ignoreAsn" | "ignoreCountry" | "onlyCountry", database: "asn" | "country"): void => {
    if (options[name].size === 0 || options.geo[database] !== undefined) return;
    report({
      path: at(`geo.${database}`),
      value: undefined,
      allowed: `where ${name} looks up: the path of an MMDB file, or a function (ip) => ${database}`,
    });
  };
  needs("ignoreAsn", "asn");
  needs(options.ignoreCountry.size > 0 ? "ignoreCountry" : "onlyCountry", "country");
}

function setOf<T>(item: Check<T>): Check<ReadonlySet<T>> {
  const items = list(item);
  return {
    allowed: items.allowed,
    parse: (text) => items.parse(text),
    read(value, path, report) {
      const entries = items.read(value, path, report);
      return entries && new Set(entries);
    },
  };
}
