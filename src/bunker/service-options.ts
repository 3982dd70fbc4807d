import type { IncomingMessage } from "node:http";
import type { AntibotOptions, SessionOptions } from "../antibot/options.js";
import type { BadBehaviorOptions } from "../bad-behavior/options.js";
import type { BunkernetOptions } from "../bunkernet/options.js";
import type { SharedOptions } from "../engine/shared-options.js";
import type { DnsblOptions } from "../dnsbl/options.js";

/**
 * Options of one service, in `bunker({ services })`. A missing option has the value for all services; groups of options are
 * merged option by option.
 */
export interface ServiceOptions<Req extends IncomingMessage = IncomingMessage> extends Pick<
  SharedOptions<Req>,
  "mode" | "allow"
> {
  /** Other host names of the service. Setting `<service>_SERVER_NAME`. */
  aliases?: readonly string[];
  /** The gate of the service. Without a `challenge`, it has the challenge of all services. */
  antibot?: false | Partial<AntibotOptions<Req>>;
  badBehavior?: boolean | BadBehaviorOptions<Req>;
  dnsbl?: boolean | DnsblOptions;
  bunkernet?: boolean | BunkernetOptions;
  sessions?: SessionOptions | "express-session";
}

type Given = Readonly<Record<string, unknown>>;

/** The options that a service can override, besides `aliases`. */
export const SERVICE_OPTIONS = [
  "mode",
  "allow",
  "antibot",
  "badBehavior",
  "dnsbl",
  "bunkernet",
  "sessions",
] as const;

/** The options that are groups; any other object is a single value. */
const GROUPS: ReadonlySet<string> = new Set([
  "antibot",
  "badBehavior",
  "dnsbl",
  "bunkernet",
  "sessions",
  "captcha",
  "recaptcha",
  "hcaptcha",
  "turnstile",
  "mcaptcha",
  "capjs",
  "geo",
  "cacheTtl",
]);

/** Returns the own options of each service by its name, without services that have none. */
export function ownOptionsOf(services: unknown): ReadonlyMap<string, Given> {
  if (typeof services !== "object" || services === null || Array.isArray(services)) return new Map();
  return new Map(
    Object.entries(services as Record<string, unknown>).flatMap(([name, entry]) => {
      if (typeof entry !== "object" || entry === null) return [];
      const own = Object.entries(entry).filter(([key, value]) => key !== "aliases" && value !== undefined);
      return own.length === 0 ? [] : [[name.toLowerCase(), Object.fromEntries(own)] as const];
    }),
  );
}

/** Returns the options of a service: its own options merged over those of all services. */
export function serviceOptionsOf(all: Given, own: Given): Given {
  const common = Object.fromEntries(SERVICE_OPTIONS.map((name) => [name, all[name]]));
  return merged(common, own);
}

function merged(all: Given, own: Given): Given {
  const result: Record<string, unknown> = { ...all };
  for (const [name, value] of Object.entries(own)) {
    const other = all[name];
    if (value === undefined) continue;
    if (GROUPS.has(name) && isGroup(other) && isGroup(value)) result[name] = merged(other, value);
    // `true` keeps a protection that is already on as it is.
    else if (!(GROUPS.has(name) && value === true && isGroup(other))) result[name] = value;
  }
  return result;
}

function isGroup(value: unknown): value is Given {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
