import type { IncomingMessage } from "node:http";
import { AddressSet } from "../address/address-set.js";
import { addressSetCheck, patternCheck } from "../options/address-checks.js";
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
} from "../options/check.js";
import type { Client } from "../request/client.js";
import { group, type AnyTable, type Resolved } from "../options/table.js";
import { captchaTable, type CaptchaOptions, type CaptchaResolved } from "./challenges/captcha/options.js";
import { providersTable, type ProvidersOptions } from "./challenges/providers/options.js";
import { policyCheck, type ChallengePolicy, type ChallengeOption } from "./challenge-policy.js";
import { lookupTable, type LookupOptions } from "./lookups/options.js";
import { MIN_BITS, MAX_BITS, type Difficulty } from "./difficulty.js";

/** How passes are kept. Times are in seconds. */
export interface SessionOptions {
  /** Where a pass is kept: in a cookie of ours, or in `req.session` of express-session. Default `"cookie"`. */
  keep?: "cookie" | "express-session";
  /**
   * The secret that seals challenges and signs passes, at least 16 characters; an array rotates: the first is used, all
   * are accepted. `"random"` = generated, and kept in the store. Setting `SESSIONS_SECRET`.
   */
  secret?: string | readonly string[] | undefined;
  /** The cookies' name, the same on every instance. Setting `SESSIONS_NAME`. Default `"bunker"`. */
  name?: string;
  /** The cookies' domain; default: only the host that set them. Setting `SESSIONS_DOMAIN`. */
  domain?: string;
  /** Whether a pass is good from another address: only of the same network, only the same one, or any. Setting `SESSIONS_CHECK_IP`. */
  checkIp?: "prefix" | "exact" | false;
  /** Whether a pass is good with another User-Agent. Setting `SESSIONS_CHECK_USER_AGENT`. Default `true`. */
  checkUserAgent?: boolean;
  /** `none` lets a site in another site's frame keep its pass (https only, partitioned). Default `"lax"`. */
  sameSite?: "lax" | "none";
}

/** Options of the gate. Times are in seconds. */
export interface AntibotOptions<Req extends IncomingMessage = IncomingMessage>
  extends ProvidersOptions, LookupOptions<Req> {
  /** What a visitor must do. Setting `USE_ANTIBOT`. */
  challenge: ChallengeOption<Req>;
  /** Where challenges are served: a path that the site does not use. Setting `ANTIBOT_URI`. Default `/challenge`. */
  uri?: string;
  /** How long a challenge may take. Setting `ANTIBOT_TIME_RESOLVE`. Default 60. */
  timeResolve?: number;
  /** How long a pass lasts. Setting `ANTIBOT_TIME_VALID`. Default 86400. */
  timeValid?: number;
  /** How passes are kept; `"express-session"` is short for `{ keep: "express-session" }`. */
  sessions?: SessionOptions | "express-session";
  /** Where visitors go when they have solved the challenge, instead of where they were going. Setting `ANTIBOT_SUCCESS_URI`. */
  successUri?: string;
  /** The `captcha` challenge. */
  captcha?: CaptchaOptions;
  /** Only these paths are gated. Default: all. */
  include?: string | readonly (string | RegExp)[];
  /** Paths that are not gated. Setting `ANTIBOT_IGNORE_URI`. */
  ignoreUri?: string | readonly (string | RegExp)[];
  /** Addresses and CIDR ranges that are not gated. Setting `ANTIBOT_IGNORE_IP`. */
  ignoreIp?: string | readonly string[] | AddressSet;
  /** User-Agents that are not gated; any client can send them. Setting `ANTIBOT_IGNORE_USER_AGENT`. */
  ignoreUserAgent?: string | readonly (string | RegExp)[];
  /** Whether CORS preflights pass or are challenged. Default `"pass"`. */
  preflight?: "pass" | "challenge";
  /**
   * The mean work of a proof of work, in bits (20 = a million hashes): 16–26, or a hook that returns it for each visitor.
   * Default 20: well under a second on a laptop, about one on a mid-range phone.
   */
  difficulty?: number | ((client: Client, request: Req) => number);
  /** Raises the difficulty for networks that leave challenges unsolved, and a little for all clients during a flood. Default `true`. */
  adaptive?: boolean;
  /** What visitors without JavaScript are offered instead of `javascript`: the captcha, as a plain form, or nothing. Default `"captcha"`. */
  noscript?: "captcha" | "deny";
  /** Renews the pass of a visitor who opens a page in the second half of its life. Default `false`. */
  renew?: boolean;
  /** Keeps a form of at most 16 KB that was challenged, and posts it after the challenge. Default `true`. */
  keepPost?: boolean;
  /** Passes issued under a lower number are void: raise it to revoke all passes. Default 0. */
  epoch?: number;
}

/** The shortest secret, in characters (R18). */
const MIN_SECRET = 16;

const secretCheck: Check<readonly string[]> = check(
  `a text of at least ${MIN_SECRET} characters, an array of such texts (the first is used, all are accepted), or "random"`,
  (value) => {
    if (value === "random") return [];
    const secrets: readonly unknown[] = Array.isArray(value) ? value : [value];
    const good =
      secrets.length > 0 &&
      secrets.length <= 8 &&
      secrets.every((one) => typeof one === "string" && one.length >= MIN_SECRET);
    return good ? (secrets as readonly string[]) : undefined;
  },
);

export const sessionsTable = {
  keep: {
    check: oneOf("cookie", "express-session"),
    default: "cookie",
    help: "Keeps passes in a signed cookie, or in the session of express-session.",
  },
  secret: {
    setting: "SESSIONS_SECRET",
    context: "global",
    check: secretCheck,
    default: () => [],
    secret: true,
    help: "The secret that seals challenges and signs passes.",
  },
  name: {
    setting: "SESSIONS_NAME",
    context: "global",
    check: check("a name of letters, digits, _ and -", (value) =>
      value === "random"
        ? "bunker"
        : typeof value === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(value)
          ? value
          : undefined,
    ),
    default: "bunker",
    help: "The start of the cookies' names, the same on every instance.",
  },
  domain: {
    setting: "SESSIONS_DOMAIN",
    context: "multisite",
    check: text("a domain with at least one dot", /^\.?(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*$/i),
    default: undefined,
    help: "The domain of the cookies; by default the host that set them.",
  },
  checkIp: {
    setting: "SESSIONS_CHECK_IP",
    context: "global",
    check: {
      ...oneOf("prefix", "exact", false),
      parse: (value) => (value === "yes" ? "prefix" : value === "no" ? false : value),
    },
    default: "prefix",
    help: "Binds a pass to the network or to the exact address that it was issued to.",
  },
  checkUserAgent: {
    setting: "SESSIONS_CHECK_USER_AGENT",
    context: "global",
    check: flag(),
    default: true,
    help: "Binds a pass to the User-Agent that it was issued to.",
  },
  sameSite: {
    check: oneOf("lax", "none"),
    default: "lax",
    help: 'The cookies\' SameSite; "none" keeps passes in frames of other sites, over https only.',
  },
} satisfies AnyTable;

export type SessionResolved = Resolved<typeof sessionsTable>;

const sessionsGroup = group(sessionsTable);

/** The `sessions` option: a group, or the name of where passes are kept. */
export const sessionsCheck: Check<SessionResolved> = {
  allowed: `${sessionsGroup.allowed}, or "express-session"`,
  parse: (value) => value,
  read: (value, path, report) =>
    sessionsGroup.read(value === "express-session" ? { keep: value } : value, path, report),
};

const uriCheck = text(
  "a path such as /challenge, of letters, digits and /_.~-, without // and without a trailing slash",
  /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+$/,
);

export const antibotTable = {
  challenge: {
    setting: "USE_ANTIBOT",
    context: "multisite",
    check: policyCheck,
    default: () => policyCheck.read("cookie", "", () => undefined) as ChallengePolicy,
    help: "The challenge that a visitor must solve.",
  },
  uri: {
    setting: "ANTIBOT_URI",
    context: "multisite",
    check: uriCheck,
    default: "/challenge",
    help: "The path that serves challenges; the site must not use it.",
  },
  timeResolve: {
    setting: "ANTIBOT_TIME_RESOLVE",
    context: "multisite",
    check: integer(1, 86_400, "seconds"),
    default: 60,
    help: "The time to solve a challenge.",
  },
  timeValid: {
    setting: "ANTIBOT_TIME_VALID",
    context: "multisite",
    check: integer(1, 31_536_000, "seconds"),
    default: 86_400,
    help: "The lifetime of a pass.",
  },
  sessions: {
    check: sessionsCheck,
    default: () => sessionsCheck.read({}, "", () => undefined) as SessionResolved,
    help: "How passes are kept and checked.",
  },
  successUri: {
    setting: "ANTIBOT_SUCCESS_URI",
    context: "multisite",
    check: text("a path of this site, such as /welcome", /^(?:\/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2047})?$/),
    default: "",
    help: "The page that visitors are sent to after the challenge, instead of the one that they requested.",
  },
  captcha: {
    check: group(captchaTable),
    default: () => group(captchaTable).read({}, "", () => undefined) as CaptchaResolved,
    help: "The options of the captcha challenge.",
  },
  include: {
    check: list(patternCheck("uri", { ignoreCase: true })),
    default: () => [],
    help: "Paths that are gated; by default all.",
  },
  ignoreUri: {
    setting: "ANTIBOT_IGNORE_URI",
    context: "multisite",
    check: list(patternCheck("uri")),
    default: () => [],
    help: "Paths that are not gated.",
  },
  ignoreIp: {
    setting: "ANTIBOT_IGNORE_IP",
    context: "multisite",
    check: addressSetCheck(),
    default: () => new AddressSet(),
    help: "Addresses that are not gated.",
  },
  ignoreUserAgent: {
    setting: "ANTIBOT_IGNORE_USER_AGENT",
    context: "multisite",
    check: list(patternCheck("userAgent")),
    default: () => [],
    help: "User-Agents that are not gated; any client can send them.",
  },
  preflight: {
    check: oneOf("pass", "challenge"),
    default: "pass",
    help: "Whether CORS preflights pass or are challenged.",
  },
  difficulty: {
    check: either<Difficulty>(decimal(MIN_BITS, MAX_BITS), hook("(client, request) => bits")),
    default: 20,
    help: "The mean work of a proof of work, in bits: 20 is a million hashes.",
  },
  adaptive: {
    check: flag(),
    default: true,
    help: "Raises the difficulty for networks that leave challenges unsolved, and a little for all clients during a flood.",
  },
  noscript: {
    check: oneOf("captcha", "deny"),
    default: "captcha",
    help: "Whether visitors without JavaScript get the captcha instead of the proof of work, or are refused.",
  },
  renew: {
    check: flag(),
    default: false,
    help: "Renews a pass when its visitor opens a page in the second half of its life.",
  },
  keepPost: {
    check: flag(),
    default: true,
    help: "Keeps a form of up to 16 KB that was challenged, and posts it after the challenge.",
  },
  epoch: {
    check: integer(0, Number.MAX_SAFE_INTEGER),
    default: 0,
    help: "The lowest epoch of valid passes: raising it revokes all passes issued before.",
  },
  ...lookupTable,
  ...providersTable,
} satisfies AnyTable;

export type AntibotResolved = Resolved<typeof antibotTable>;
