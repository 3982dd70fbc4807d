import type { IncomingMessage } from "node:http";
import type { AddressSet } from "../address/address-set.js";
import { AddressSet as Addresses } from "../address/address-set.js";
import { addressSetCheck, patternCheck } from "../options/address-checks.js";
import { check, decimal, either, hook, integer, list, oneOf, type Check } from "../options/check.js";
import type { AnyTable, Resolved } from "../options/table.js";
import { compilePattern } from "../pattern/pattern.js";
import { gateOption } from "../engine/gate-option.js";
import type { Gate } from "../engine/protection.js";

/** How much a counted response weighs: a number a status, or a hook that answers a whole number from 0 (0 = not counted). */
export type Weight<Req extends IncomingMessage = IncomingMessage> =
  Readonly<Record<number, number>> | ((request: Req, status: number) => number);

/** Options of Bad Behavior. Times are in seconds. */
export interface BadBehaviorOptions<Req extends IncomingMessage = IncomingMessage> {
  /** The statuses that count. Setting `BAD_BEHAVIOR_STATUS_CODES`. Default `400 401 403 404 405 429 444`. */
  statusCodes?: string | readonly number[];
  /** The count that bans: the tenth bad answer by default. Setting `BAD_BEHAVIOR_THRESHOLD`. Default 10. */
  threshold?: number;
  /** The sliding window in which answers are counted. Setting `BAD_BEHAVIOR_COUNT_TIME`. Default 60. */
  countTime?: number;
  /** How long a ban lasts; 0 = for good. Setting `BAD_BEHAVIOR_BAN_TIME`. Default 86400. */
  banTime?: number;
  /** Whether a ban holds at its service only or everywhere. Setting `BAD_BEHAVIOR_BAN_SCOPE`. Default `"service"`. */
  banScope?: "service" | "global";
  /** Requests whose answers never count. Default: favicon, apple-touch-icon and robots.txt. */
  ignoreUri?: string | readonly (string | RegExp)[];
  /** Addresses and CIDR ranges whose answers never count. They can still be banned by hand. */
  ignoreIp?: string | readonly string[] | AddressSet;
  /** User-Agents whose answers never count. Anybody can send any User-Agent. */
  ignoreUserAgent?: string | readonly (string | RegExp)[];
  /** How much a counted response weighs. Default 1 each. */
  weight?: Weight<Req>;
  /** Each further ban of the same client lasts this many times longer. Default 1: all bans are equally long. */
  banFactor?: number;
  /** What growing bans grow to at most. Default 2592000 (30 days). */
  maxBanTime?: number;
  /** Whether a banned client is refused, or sent to the gate. `"challenge"` needs `gate` or `bunker()`. Default `"deny"`. */
  banAction?: "deny" | "challenge";
  /** What happens when a large share of all clients would be banned at once: a warning, or no bans either. Default `"announce"`. */
  massBan?: "announce" | "suspend";
  /** The gate for `banAction: "challenge"`, where it is mounted apart: the result of `antibot()`. */
  gate?: { readonly gate: Gate };
}

type Weights = Readonly<Record<number, number>>;
type WeightHook = (request: never, status: number) => unknown;

const weights: Check<Weights> = check("an object of status codes and whole numbers from 0", (value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value as Record<string, unknown>);
  const right = entries.every(
    ([status, weight]) =>
      /^[1-5]\d\d$/.test(status) && Number.isSafeInteger(weight) && (weight as number) >= 0,
  );
  return right ? (value as Weights) : undefined;
});

const MAX = Number.MAX_SAFE_INTEGER;

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
    default: () =>
      ["^/favicon\\.ico$", "^/apple-touch-icon", "^/robots\\.txt$"].map((source) => compilePattern(source)),
    help: "Paths whose responses never count.",
  },
  ignoreIp: {
    check: addressSetCheck(),
    default: () => new Addresses(),
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
    help: "The weight of a bad response, by status code; 1 by default.",
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
  massBan: {
    check: oneOf("announce", "suspend"),
    default: "announce",
    help: "What happens when a large share of all clients would be banned at once.",
  },
  gate: gateOption,
} satisfies AnyTable;

/** {@link BadBehaviorOptions} read and checked. */
export type BadBehaviorResolved = Resolved<typeof badBehaviorTable>;
