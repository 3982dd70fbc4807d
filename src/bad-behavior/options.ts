import type { IncomingMessage } from "node:http";
import { AddressSet } from "../address/address-set.js";
import { addressSetCheck, patternCheck } from "../options/address-checks.js";
import { decimal, either, hook, integer, list, oneOf, type Check } from "../options/check.js";
import { readOptions, switched, type AnyTable, type Resolved } from "../options/table.js";
import { ownPattern } from "../pattern/pattern.js";
import { gateOption } from "../engine/gate-option.js";
import type { Gate } from "../engine/protection.js";

/** The weight of a counted response: a number for each status, or a hook that returns a whole number from 0 (0 = not counted). */
export type Weight<Req extends IncomingMessage = IncomingMessage> =
  Readonly<Record<number, number>> | ((request: Req, status: number) => number);

/** Options of Bad Behavior. Times are in seconds. */
export interface BadBehaviorOptions<Req extends IncomingMessage = IncomingMessage> {
  /** The status codes that count. Setting `BAD_BEHAVIOR_STATUS_CODES`. Default `400 401 403 404 405 429 444`. */
  statusCodes?: string | readonly number[];
  /** The count that leads to a ban. Setting `BAD_BEHAVIOR_THRESHOLD`. Default 10: the tenth bad response. */
  threshold?: number;
  /** The length of the sliding window in which responses are counted, in seconds. Setting `BAD_BEHAVIOR_COUNT_TIME`. Default 60. */
  countTime?: number;
  /** How long a ban lasts, in seconds; 0 = permanently. Setting `BAD_BEHAVIOR_BAN_TIME`. Default 86400. */
  banTime?: number;
  /** Whether a ban applies at its service only or everywhere. Setting `BAD_BEHAVIOR_BAN_SCOPE`. Default `"service"`. */
  banScope?: "service" | "global";
  /** Patterns of paths that never count. Default: favicon, apple-touch-icon and robots.txt. */
  ignoreUri?: string | readonly (string | RegExp)[];
  /** Addresses and CIDR ranges that never count. They can still be banned manually. Default: none. */
  ignoreIp?: string | readonly string[] | AddressSet;
  /** Patterns of User-Agents that never count. Any client can send any User-Agent. Default: none. */
  ignoreUserAgent?: string | readonly (string | RegExp)[];
  /**
   * The weight of each counted response. Default 1. Status 499 stands for a request that got no status because its client left:
   * default 1, and 0 for GET and HEAD, for which a hook is not asked.
   */
  weight?: Weight<Req>;
  /** The factor by which each further ban of the same client is longer: 1–100. Default 1: all bans are equally long. */
  banFactor?: number;
  /** The longest that `banFactor` makes a ban, in seconds. Default 2592000 (30 days). */
  maxBanTime?: number;
  /** Whether a banned client is refused, or challenged by the gate. `"challenge"` needs `gate` or `bunker()`. Default `"deny"`. */
  banAction?: "deny" | "challenge";
  /**
   * How many banned clients of an IPv6 /56 and of a /48 make one ban of that network: `{ 56: 32, 48: 128 }`, 0 = never;
   * `false` = no bans of networks. Where there is a gate, such a network is challenged. Default `{ 56: 32, 48: 128 }`.
   */
  mergeBans?: false | { 56?: number; 48?: number };
  /** What happens if a large share of all clients would be banned at once: only a warning, or also no bans. Default `"announce"`. */
  massBan?: "announce" | "suspend";
  /** The gate for `banAction: "challenge"`, where it is mounted apart: the result of `antibot()`. */
  gate?: { readonly gate: Gate };
}

type Weights = Readonly<Record<number, number>>;
type WeightHook = (request: never, status: number) => unknown;

const MAX = Number.MAX_SAFE_INTEGER;

const weight = integer(0, MAX);

const weights: Check<Weights> = {
  allowed: "an object of status codes and whole numbers from 0",
  parse: (text) => text,
  read(value, path, report) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      report({ path, value, allowed: this.allowed });
      return undefined;
    }
    for (const [status, one] of Object.entries(value)) {
      const at = `${path}.${status}`;
      if (!/^[1-5]\d\d$/.test(status))
        report({ path: at, value: one, allowed: "a status code from 100 to 599" });
      else weight.read(one, at, report);
    }
    return value as Weights;
  },
};

const mergeTable = {
  56: {
    check: integer(0, 256),
    default: 32,
    help: "The banned clients of a /56 that one ban replaces; 0 = never.",
  },
  48: {
    check: integer(0, 65_536),
    default: 128,
    help: "The banned clients of a /48 that one ban replaces; 0 = never.",
  },
} satisfies AnyTable;

/** Paths that browsers ask for by themselves. */
export const DEFAULT_IGNORED = ["^/favicon\\.ico$", "^/apple-touch-icon", "^/robots\\.txt$"];

/** The options of Bad Behavior. */
export const badBehaviorTable = {
  statusCodes: {
    setting: "BAD_BEHAVIOR_STATUS_CODES",
    context: "multisite",
    check: list(integer(100, 599), { min: 1 }),
    default: () => [400, 401, 403, 404, 405, 429, 444],
    help: "The status codes that count as bad responses.",
  },
  threshold: {
    setting: "BAD_BEHAVIOR_THRESHOLD",
    context: "multisite",
    check: integer(1, 100_000),
    default: 10,
    help: "The number of bad responses at which a client is banned.",
  },
  countTime: {
    setting: "BAD_BEHAVIOR_COUNT_TIME",
    context: "multisite",
    check: integer(1, MAX, "seconds"),
    default: 60,
    help: "The sliding window in which bad responses are counted.",
  },
  banTime: {
    setting: "BAD_BEHAVIOR_BAN_TIME",
    context: "multisite",
    check: integer(0, MAX, "seconds"),
    default: 86_400,
    help: "The duration of a ban; 0 = permanent.",
  },
  banScope: {
    setting: "BAD_BEHAVIOR_BAN_SCOPE",
    context: "multisite",
    check: oneOf("service", "global"),
    default: "service",
    help: "Whether a ban applies to its service or everywhere.",
  },
  ignoreUri: {
    check: list(patternCheck("uri")),
    default: () => DEFAULT_IGNORED.map(ownPattern),
    help: "Paths whose responses never count.",
  },
  ignoreIp: {
    check: addressSetCheck(),
    default: () => new AddressSet(),
    help: "Addresses whose responses never count.",
  },
  ignoreUserAgent: {
    check: list(patternCheck("userAgent")),
    default: () => [],
    help: "User-Agents whose responses never count; any client can send them.",
  },
  weight: {
    check: either<Weights | WeightHook>(weights, hook("(request, status) => weight")),
    default: () => ({}),
    help: "The weight of a bad response, by status code; 1 by default. 499 = the client left before there was a status; 0 by default for GET and HEAD.",
  },
  banFactor: {
    check: decimal(1, 100),
    default: 1,
    help: "The factor by which each further ban of a client lasts longer.",
  },
  maxBanTime: {
    check: integer(1, MAX, "seconds"),
    default: 2_592_000,
    help: "The maximum duration of a ban that `banFactor` extends.",
  },
  banAction: {
    check: oneOf("deny", "challenge"),
    default: "deny",
    help: "Whether banned clients are refused or challenged.",
  },
  mergeBans: {
    check: switched(mergeTable),
    default: () => readOptions(mergeTable, {}, "", () => undefined),
    help: "How many banned clients of an IPv6 network one ban of the network replaces.",
  },
  massBan: {
    check: oneOf("announce", "suspend"),
    default: "announce",
    help: "What happens when a large share of all clients would be banned at once.",
  },
  gate: gateOption,
} satisfies AnyTable;

/** {@link BadBehaviorOptions} read and checked. */
export type BadBehaviorResolved = Resolved<typeof badBehaviorTable>;
