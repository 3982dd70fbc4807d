import type { IncomingMessage } from "node:http";
import { CompiledTheme, themeCheck } from "../pages/compiled-theme.js";
import type { PageTheme } from "../pages/theme.js";
import type { Store } from "../store/store.js";
import { useDefaultStore } from "../store/default-store.js";
import { AddressSet } from "../address/address-set.js";
import { parseRange, type AddressRange } from "../address/address.js";
import type { Ban } from "../bans/ban.js";
import { resolverCheck, type ResolverOption } from "../dns/resolver-option.js";
import { EVENT_TYPES, type BunkerEventType, type BunkerListeners } from "../events/event-bus.js";
import { alertsCheck, type AlertOptions } from "../alerts/options.js";
import { Log } from "../log/log.js";
import type { Logger } from "../log/logger.js";
import { addressSetCheck } from "../options/address-checks.js";
import { clientIpCheck, serviceName, servicesCheck } from "../request/client-checks.js";
import {
  check,
  decimal,
  either,
  flag,
  hook,
  integer,
  list,
  oneOf,
  text,
  type Check,
  type ReportProblem,
} from "../options/check.js";
import { group, type AnyTable, type OptionsTable, type Resolved } from "../options/table.js";
import type { ServiceHook } from "../request/services.js";
import { trustProxyCheck, type TrustProxy } from "../request/trust.js";

/** The second argument of `deny.render`. */
export interface DenyInfo {
  /** The reference id to show. */
  readonly id: string;
  /** Why the request is refused, in a few fixed words. */
  readonly reason: string;
  /** The ban that refuses the client, if one does. */
  readonly ban: Ban | undefined;
  /** The language of our pages that suits this visitor best, as a BCP 47 tag. */
  readonly language: string;
}

/** Options for the response to a refused client. */
export interface DenyOptions<Req extends IncomingMessage = IncomingMessage> {
  /** 403 = a page or a problem document; 444 = the connection is closed without a byte. Setting `DENY_HTTP_STATUS`. Default 403. */
  status?: 403 | 444;
  /** Closes the connection even when its peer is a trusted proxy, where 444 otherwise becomes 403. Default `false`. */
  force?: boolean;
  /** Returns the HTML of the page, instead of ours. If it throws, our page is shown. */
  render?: (request: Req, info: DenyInfo) => string;
}

/** Options of every factory. */
export interface SharedOptions<Req extends IncomingMessage = IncomingMessage> {
  /** The store for bans, counters and caches. Default: one store in memory for the whole process. */
  store?: Store;
  /** `detect` refuses nothing and writes no bans; it reports what would have been done. Setting `SECURITY_MODE`. Default `"block"`. */
  mode?: "block" | "detect";
  /** Addresses and CIDR ranges that are never denied, counted, banned or reported. Setting `WHITELIST_IP`. Default: none. */
  allow?: string | readonly string[] | AddressSet;
  /** Returns `true` for requests that no protection should judge. It must not return a promise. */
  skip?: (request: Req) => boolean;
  /** The client's address, if the app knows it better: a hook that returns it, or a header that only the peers in `from` may set. */
  clientIp?: ((request: Req) => string | undefined) | { header: string; from: string | readonly string[] };
  /** The trusted proxies, in the grammar of Express's `trust proxy`. Default: Express's own setting. */
  trustProxy?: TrustProxy;
  /** The length of the IPv6 prefix that counts as one client for bans and counters, in bits: 32–128. Default 64. */
  ipv6Subnet?: number;
  /** The service of all requests, or a hook that returns one of the configured names. */
  service?: string | ((request: Req) => string);
  /** The services, which the Host of a request selects: names, or names with their aliases. Setting `SERVER_NAME`. */
  services?: readonly string[] | Readonly<Record<string, { readonly aliases?: readonly string[] }>>;
  /** What happens to a request whose Host is not configured: `"deny"`, or the name of the service it gets. Default `"deny"`. */
  unknownHost?: string;
  /** The response to a refused client. */
  deny?: DenyOptions<Req>;
  /** Colours, logo and texts of our pages. */
  theme?: PageTheme;
  /** Whether requests pass or are refused (503) while the store cannot answer. Default `"allow"`. */
  onStoreError?: "allow" | "deny";
  /** How long `ready()` waits for the bans in the store before it rejects, in seconds. Default 30. */
  readyTimeout?: number;
  /** Bans private, loopback and other non-global addresses too. Default `false`. */
  banLocal?: boolean;
  /** Listeners for events, by kind. */
  events?: BunkerListeners;
  /** The logger of events and warnings: `console`, a pino or winston logger, or the like; `false` = none. Default: the console. */
  logger?: Logger | false;
  /** The kinds of events that are logged. Default: all. */
  logEvents?: readonly BunkerEventType[];
  /** Webhooks that are called when something happens. Default: none. */
  alerts?: readonly AlertOptions[];
  /** The DNS resolver: servers as `"ip:port"`, or an object with methods of its own. Setting `DNS_RESOLVERS`. Default: the system's. */
  resolver?: ResolverOption;
  /** A folder for this app alone, for downloaded lists and other data that should survive restarts. Default: nothing is kept. */
  cacheDir?: string;
  /** The clock: returns ms since 1970. Default: the store's clock, else `Date.now`. */
  now?: () => number;
}

const STORE_METHODS = ["get", "ttl", "set", "add", "increment", "hit", "delete", "keys"] as const;

const storeCheck: Check<Store> = check(`a store with the methods ${STORE_METHODS.join(", ")}`, (value) =>
  typeof value === "object" &&
  value !== null &&
  STORE_METHODS.every((name) => typeof (value as Record<string, unknown>)[name] === "function")
    ? (value as Store)
    : undefined,
);

const loggerCheck: Check<Log | false> = check(
  "a logger with the methods info, warn and error, or false",
  (value) => {
    if (value === false) return value;
    const methods = (value ?? {}) as Record<string, unknown>;
    const fits = ["info", "warn", "error"].every((name) => typeof methods[name] === "function");
    return typeof value === "object" && fits ? Log.of(value as Logger) : undefined;
  },
);

const listener = hook<(event: never) => void>("(event) => void");

const eventsTable = Object.fromEntries(
  EVENT_TYPES.map((type) => [
    type,
    { check: listener, default: undefined, help: `Called at each ${type} event.` },
  ]),
) as unknown as OptionsTable<BunkerListeners>;

export const denyTable = {
  status: {
    setting: "DENY_HTTP_STATUS",
    context: "global",
    check: oneOf(403, 444),
    default: 403,
    help: "403 sends a page; 444 drops the connection without a response.",
  },
  force: { check: flag(), default: false, help: "Drops the connection (444) even behind a trusted proxy." },
  render: {
    check: hook<(request: never, info: DenyInfo) => unknown>("(request, info) => html"),
    default: undefined,
    help: "Returns the HTML of the page for refused clients, instead of the built-in page.",
  },
} satisfies AnyTable;

export const sharedTable = {
  store: { check: storeCheck, default: useDefaultStore, help: "The store of bans, counters and caches." },
  mode: {
    setting: "SECURITY_MODE",
    context: "multisite",
    check: oneOf("block", "detect"),
    default: "block",
    help: "Detect mode emits events for what would be refused or challenged, and lets it pass.",
  },
  allow: {
    setting: "WHITELIST_IP",
    context: "multisite",
    check: addressSetCheck(),
    default: () => new AddressSet(),
    help: "Addresses that are never refused, counted, banned or reported.",
  },
  skip: {
    check: hook<(request: never) => unknown>("(request) => boolean"),
    default: undefined,
    help: "Returns true for requests that no protection handles.",
  },
  clientIp: {
    check: clientIpCheck,
    default: undefined,
    help: "The source of the client's address, if it is neither the socket nor `trustProxy`.",
  },
  trustProxy: {
    check: trustProxyCheck,
    default: undefined,
    help: "The trusted proxies in front of the app, as in Express's `trust proxy`.",
  },
  ipv6Subnet: {
    check: integer(32, 128, "bits"),
    default: 64,
    help: "The length of the IPv6 prefix that counts as one client.",
  },
  service: {
    check: either<string | ServiceHook>(serviceName, hook("(request) => service name")),
    default: undefined,
    help: "The service of all requests, or a hook that returns the service of each.",
  },
  services: {
    setting: "SERVER_NAME",
    context: "global",
    check: servicesCheck,
    default: () => new Map(),
    help: "The services, which the Host header tells apart.",
  },
  unknownHost: {
    check: text('"deny" or the name of a service', /^[a-z0-9.-]+$/),
    default: "deny",
    help: "Refuses requests whose Host is not configured, or assigns them to a service.",
  },
  deny: {
    check: group(denyTable),
    default: () => ({ status: 403 as const, force: false, render: undefined }),
    help: "The response to refused clients.",
  },
  theme: {
    check: themeCheck,
    default: () => new CompiledTheme({}),
    help: "The colours, logo and texts of the built-in pages.",
  },
  onStoreError: {
    check: oneOf("allow", "deny"),
    default: "allow",
    help: "Whether requests pass or are refused while the store is unavailable.",
  },
  readyTimeout: {
    check: decimal(0.1, 3600),
    default: 30,
    help: "How long ready() waits for the bans in the store, in seconds.",
  },
  banLocal: { check: flag(), default: false, help: "Also bans private and other non-global addresses." },
  events: {
    check: group(eventsTable),
    default: () => ({}),
    help: "Event listeners by event type.",
  },
  logger: { check: loggerCheck, default: () => Log.of(console), help: "The logger of events and warnings." },
  logEvents: {
    check: list(oneOf(...EVENT_TYPES)),
    default: () => [...EVENT_TYPES],
    help: "The kinds of events that are logged.",
  },
  alerts: {
    check: alertsCheck,
    default: () => [],
    help: "Webhooks that are called when something happens.",
  },
  resolver: {
    setting: "DNS_RESOLVERS",
    context: "global",
    check: resolverCheck,
    default: undefined,
    help: "The resolver for DNS queries; by default the system's.",
  },
  cacheDir: {
    check: text("the path of a folder", /^[^\0]+$/),
    default: undefined,
    help: "A folder for downloaded lists and other data that should survive restarts.",
  },
  now: {
    check: hook<() => number>("() => milliseconds"),
    default: undefined,
    help: "The clock, in milliseconds.",
  },
} as const satisfies AnyTable;

export type SharedResolved = Resolved<typeof sharedTable>;

export function checkTogether(options: SharedResolved, prefix: string, report: ReportProblem): void {
  const at = (name: string): string => (prefix === "" ? name : `${prefix}.${name}`);
  if (options.unknownHost !== "deny" && !options.services.has(options.unknownHost)) {
    report({
      path: at("unknownHost"),
      value: options.unknownHost,
      allowed: '"deny" or the name of a configured service',
    });
  }
  if (
    typeof options.service === "string" &&
    options.services.size > 0 &&
    !options.services.has(options.service)
  ) {
    report({ path: at("service"), value: options.service, allowed: "one of the configured services" });
  }
}

/** Returns the ranges that a literal `trustProxy` names: no ban may cover them. */
export function proxyRangesOf(trustProxy: TrustProxy | undefined): AddressRange[] {
  if (typeof trustProxy !== "string" && !Array.isArray(trustProxy)) return [];
  const names =
    typeof trustProxy === "string" ? trustProxy.split(/[\s,]+/) : (trustProxy as readonly string[]);
  return names.map((name) => parseRange(name)).filter((range) => range !== undefined);
}
