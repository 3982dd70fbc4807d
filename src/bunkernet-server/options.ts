import {
  check,
  decimal,
  integer,
  list,
  oneOf,
  text,
  type Check,
  type ReportProblem,
} from "../options/check.js";
import { group, type OptionsTable } from "../options/table.js";
import { sharedTable, type SharedOptions, type SharedResolved } from "../engine/shared-options.js";
import { canonicalReason, DEFAULT_WEIGHTS, MAX_REASONS } from "./reasons.js";

/** Who has one vote: a network (IPv4 /24, IPv6 /48), an instance id, or an operator, known by an invite token. */
export type VoteBy = "network" | "id" | "token";

/** Options of a BunkerNet server. Times are in seconds, but for `timeout`. */
export interface BunkernetServerOptions extends Pick<
  SharedOptions,
  "store" | "allow" | "clientIp" | "trustProxy" | "logger" | "now"
> {
  /** How many voters must report an address before it is listed. Default 3. */
  minInstances?: number;
  /** How long a report counts. Default 604800. */
  window?: number;
  /** Who has one vote. Default `"network"`. */
  voteBy?: VoteBy;
  /** How old an instance id must be before its reports count. Default 86400. */
  minIdAge?: number;
  /** How much a report counts by its reason, from 0 to 1; other reasons keep their default. */
  weights?: Readonly<Record<string, number>>;
  /** Invite tokens by operator, for `voteBy: "token"`: each at least 16 characters, without spaces. */
  tokens?: Readonly<Record<string, string | readonly string[]>>;
  /** What instance ids are signed with, at least 32 characters. Default: made at first start and kept in the store. */
  secret?: string;
  /** Who may read and veto the list: a token of at least 16 characters. Default: nobody. */
  admin?: { token: string };
  /** How many addresses a voter may have reported at a time; its oldest report goes for a new one. Default 5000. */
  maxVotesPerVoter?: number;
  /** How many votes are kept in all. Default 50000: the `state` budget of a `MemoryStore` is 100000 keys. */
  maxVotes?: number;
  /** Ids given out to a network (IPv4 /24, IPv6 /48) an hour. Default 20. */
  maxRegistrations?: number;
  /** Calls of an address (IPv6: /64) a minute. Default 300. */
  maxCalls?: number;
  /** Reports taken of an instance an hour. Default 5000. */
  maxReports?: number;
  /** Calls of an instance a minute. Default 60. */
  maxInstanceCalls?: number;
  /** The largest body of `POST /report`, in bytes. Default 4194304. */
  maxBody?: number;
  /** How long a client may take to send its body, in milliseconds. Default 10000. */
  timeout?: number;
}

/** {@link BunkernetServerOptions} read and checked. */
export interface BunkernetServerResolved extends Pick<
  SharedResolved,
  "store" | "allow" | "clientIp" | "trustProxy" | "logger" | "now"
> {
  minInstances: number;
  window: number;
  voteBy: VoteBy;
  minIdAge: number;
  weights: ReadonlyMap<string, number>;
  /** Tokens with the operator that each belongs to. */
  tokens: ReadonlyMap<string, string>;
  secret: string | undefined;
  admin: { token: string } | undefined;
  maxVotesPerVoter: number;
  maxVotes: number;
  maxRegistrations: number;
  maxCalls: number;
  maxReports: number;
  maxInstanceCalls: number;
  maxBody: number;
  timeout: number;
}

const DAY = 86_400;

const weight = decimal(0, 1);

const weightsCheck: Check<ReadonlyMap<string, number>> = {
  allowed: "an object of reasons with numbers from 0 to 1",
  parse: (value) => value,
  read(value, path, report) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      report({ path, value, allowed: this.allowed });
      return undefined;
    }
    const read = new Map<string, number>();
    for (const [reason, given] of Object.entries(value)) {
      const name = canonicalReason(reason);
      if (!/^[a-z0-9 ]{1,64}$/.test(name))
        report({
          path: `${path}.${reason}`,
          value: reason,
          allowed: "a reason of letters, digits, spaces, - and _",
        });
      const ready = weight.read(given, `${path}.${reason}`, report);
      if (ready !== undefined) read.set(name, ready);
    }
    const all = new Set([...Object.keys(DEFAULT_WEIGHTS), ...read.keys()]);
    if (all.size > MAX_REASONS)
      report({
        path,
        value,
        allowed: `at most ${MAX_REASONS} reasons, the ${Object.keys(DEFAULT_WEIGHTS).length} known ones included`,
      });
    return read;
  },
};

const token = text("a token of 16 to 256 characters without spaces", /^[!-~]{16,256}$/);
const tokenList = list(token, { min: 1 });

const tokensCheck: Check<ReadonlyMap<string, string>> = {
  allowed: "an object of operators, each with a token or several",
  parse: (value) => value,
  read(value, path, report) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      report({ path, value: "(hidden)", allowed: this.allowed });
      return undefined;
    }
    const read = new Map<string, string>();
    for (const [operator, given] of Object.entries(value)) {
      const at = `${path}.${operator}`;
      if (!/^[A-Za-z0-9._-]{1,64}$/.test(operator))
        report({
          path: at,
          value: operator,
          allowed: "an operator's name of letters, digits, dots, - and _",
        });
      for (const one of tokenList.read(given, at, report) ?? []) {
        if (read.has(one)) report({ path: at, value: "(hidden)", allowed: "a token that nobody else has" });
        read.set(one, operator);
      }
    }
    return read;
  },
};

/** The options of a BunkerNet server. */
export const bunkernetServerTable: OptionsTable<BunkernetServerResolved> = {
  store: sharedTable.store,
  allow: { ...sharedTable.allow, help: "Addresses that are never listed." },
  clientIp: sharedTable.clientIp,
  trustProxy: sharedTable.trustProxy,
  logger: sharedTable.logger,
  now: sharedTable.now,
  minInstances: {
    check: integer(1, 1000),
    default: 3,
    help: "How many voters must report an address before it is listed.",
  },
  window: { check: integer(60, 365 * DAY, "seconds"), default: 7 * DAY, help: "How long a report counts." },
  voteBy: { check: oneOf("network", "id", "token"), default: "network", help: "Who has one vote." },
  minIdAge: {
    check: integer(0, 365 * DAY, "seconds"),
    default: DAY,
    help: "How old an instance id must be before its reports count.",
  },
  weights: { check: weightsCheck, default: () => new Map(), help: "How much a report counts by its reason." },
  tokens: { check: tokensCheck, default: () => new Map(), secret: true, help: "Invite tokens by operator." },
  secret: {
    check: check("a text of at least 32 characters", (value) =>
      typeof value === "string" && value.length >= 32 ? value : undefined,
    ),
    default: undefined,
    secret: true,
    help: "What instance ids are signed with.",
  },
  admin: {
    check: group({
      token: { check: token, default: "", secret: true, help: "The token that admin calls carry." },
    }),
    default: undefined,
    help: "Who may read and veto the list.",
  },
  maxVotesPerVoter: {
    check: integer(1, 1_000_000),
    default: 5000,
    help: "How many addresses a voter may have reported at a time.",
  },
  maxVotes: { check: integer(1, 5_000_000), default: 50_000, help: "How many votes are kept in all." },
  maxRegistrations: { check: integer(1, 100_000), default: 20, help: "Ids given out to a network an hour." },
  maxCalls: { check: integer(1, 100_000), default: 300, help: "Calls of an address a minute." },
  maxReports: {
    check: integer(100, 1_000_000),
    default: 5000,
    help: "Reports taken of an instance an hour.",
  },
  maxInstanceCalls: { check: integer(1, 100_000), default: 60, help: "Calls of an instance a minute." },
  maxBody: {
    check: integer(65_536, 64 * 1024 * 1024, "bytes"),
    default: 4 * 1024 * 1024,
    help: "The largest body of POST /report.",
  },
  timeout: {
    check: integer(1, 600_000, "milliseconds"),
    default: 10_000,
    help: "How long a client may take to send its body.",
  },
};

/** What only several options together can get wrong. */
export function checkBunkernetServer(options: BunkernetServerResolved, report: ReportProblem): void {
  if (options.voteBy === "token" && options.tokens.size === 0)
    report({ path: "tokens", value: undefined, allowed: 'at least one operator when voteBy is "token"' });
  if (options.voteBy !== "token" && options.tokens.size > 0)
    report({ path: "voteBy", value: options.voteBy, allowed: '"token" when there are tokens' });
  if (options.admin?.token === "") report({ path: "admin.token", value: "(hidden)", allowed: token.allowed });
}
