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
import { group, type AnyTable, type Resolved } from "../options/table.js";
import { sharedTable, type SharedOptions } from "../engine/shared-options.js";
import { canonicalReason, DEFAULT_WEIGHTS, MAX_REASONS } from "./reasons.js";

/** What has one vote: a network (IPv4 /24, IPv6 /48), an instance id, or an operator, identified by an invite token. */
export type VoteBy = "network" | "id" | "token";

/** Options of a BunkerNet server. Times are in seconds, except `timeout`. */
export interface BunkernetServerOptions extends Pick<
  SharedOptions,
  "store" | "allow" | "clientIp" | "trustProxy" | "logger" | "now"
> {
  /** The number of voters that must report an address before it is listed. Default 3. */
  minInstances?: number;
  /** How long a report counts. Default 604800. */
  window?: number;
  /** What has one vote. Default `"network"`. */
  voteBy?: VoteBy;
  /** The minimum age of an instance id before its reports count. Default 86400. */
  minIdAge?: number;
  /** The weight of a report by its reason, from 0 to 1; other reasons keep their default. */
  weights?: Readonly<Record<string, number>>;
  /** Invite tokens by operator, for `voteBy: "token"`: each at least 16 characters, without spaces. */
  tokens?: Readonly<Record<string, string | readonly string[]>>;
  /** The secret that signs instance ids, at least 32 characters. Default: generated at the first start and kept in the store. */
  secret?: string;
  /** The token of the admin calls, which read and veto the list; at least 16 characters. Default: no admin calls. */
  admin?: { token: string };
  /** The maximum number of addresses per voter; its oldest report is replaced by a new one. Default 5000. */
  maxVotesPerVoter?: number;
  /** The maximum number of votes. Default 50000: the `state` budget of a `MemoryStore` is 100000 keys. */
  maxVotes?: number;
  /** Ids issued to a network (IPv4 /24, IPv6 /48) per hour. Default 20. */
  maxRegistrations?: number;
  /** Calls of an address (IPv6: /64) per minute. Default 300. */
  maxCalls?: number;
  /** Reports of an instance per hour. Default 5000. */
  maxReports?: number;
  /** Calls of an instance per minute. Default 60. */
  maxInstanceCalls?: number;
  /** The largest body of `POST /report`, in bytes. Default 4194304. */
  maxBody?: number;
  /** How long a client may take to send its body, in milliseconds. Default 10000. */
  timeout?: number;
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
    for (const [reason, input] of Object.entries(value)) {
      const name = canonicalReason(reason);
      if (!/^[a-z0-9 ]{1,64}$/.test(name))
        report({
          path: `${path}.${reason}`,
          value: reason,
          allowed: "a reason of letters, digits, spaces, - and _",
        });
      const ready = weight.read(input, `${path}.${reason}`, report);
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
    for (const [operator, input] of Object.entries(value)) {
      const at = `${path}.${operator}`;
      if (!/^[A-Za-z0-9._-]{1,64}$/.test(operator))
        report({
          path: at,
          value: operator,
          allowed: "an operator's name of letters, digits, dots, - and _",
        });
      for (const one of tokenList.read(input, at, report) ?? []) {
        if (read.has(one))
          report({ path: at, value: "(hidden)", allowed: "a token that no other operator has" });
        read.set(one, operator);
      }
    }
    return read;
  },
};

/** The options of a BunkerNet server. */
export const bunkernetServerTable = {
  store: sharedTable.store,
  allow: { ...sharedTable.allow, help: "Addresses that are never listed." },
  clientIp: sharedTable.clientIp,
  trustProxy: sharedTable.trustProxy,
  logger: sharedTable.logger,
  now: sharedTable.now,
  minInstances: {
    check: integer(1, 1000),
    default: 3,
    help: "The number of voters that must report an address before it is listed.",
  },
  window: {
    check: integer(60, 365 * DAY, "seconds"),
    default: 7 * DAY,
    help: "The time for which a report counts.",
  },
  voteBy: {
    check: oneOf("network", "id", "token"),
    default: "network",
    help: "The unit that has one vote: a network, an instance id or an operator's token.",
  },
  minIdAge: {
    check: integer(0, 365 * DAY, "seconds"),
    default: DAY,
    help: "The minimum age of an instance id before its reports count.",
  },
  weights: {
    check: weightsCheck,
    default: (): ReadonlyMap<string, number> => new Map(),
    help: "The weight of a report by its reason.",
  },
  tokens: { check: tokensCheck, default: () => new Map(), secret: true, help: "Invite tokens by operator." },
  secret: {
    check: check("a text of at least 32 characters", (value) =>
      typeof value === "string" && value.length >= 32 ? value : undefined,
    ),
    default: undefined,
    secret: true,
    help: "The secret that signs instance ids.",
  },
  admin: {
    check: group({
      token: { check: token, default: "", secret: true, help: "The token that admin calls carry." },
    }),
    default: undefined,
    help: "The token of the admin calls, which read and veto the list.",
  },
  maxVotesPerVoter: {
    check: integer(1, 1_000_000),
    default: 5000,
    help: "The maximum number of addresses per voter.",
  },
  maxVotes: { check: integer(1, 5_000_000), default: 50_000, help: "The maximum number of votes." },
  maxRegistrations: {
    check: integer(1, 100_000),
    default: 20,
    help: "The maximum number of ids issued to a network per hour.",
  },
  maxCalls: {
    check: integer(1, 100_000),
    default: 300,
    help: "The maximum number of calls of an address per minute.",
  },
  maxReports: {
    check: integer(100, 1_000_000),
    default: 5000,
    help: "The maximum number of reports of an instance per hour.",
  },
  maxInstanceCalls: {
    check: integer(1, 100_000),
    default: 60,
    help: "The maximum number of calls of an instance per minute.",
  },
  maxBody: {
    check: integer(65_536, 64 * 1024 * 1024, "bytes"),
    default: 4 * 1024 * 1024,
    help: "The maximum size of the body of POST /report.",
  },
  timeout: {
    check: integer(1, 600_000, "milliseconds"),
    default: 10_000,
    help: "The maximum time in which a client sends its body.",
  },
} satisfies AnyTable;

/** {@link BunkernetServerOptions} read and checked. */
export type BunkernetServerResolved = Resolved<typeof bunkernetServerTable>;

/** Checks options that depend on each other. */
export function checkBunkernetServer(options: BunkernetServerResolved, report: ReportProblem): void {
  if (options.voteBy === "token" && options.tokens.size === 0)
    report({ path: "tokens", value: undefined, allowed: 'at least one operator when voteBy is "token"' });
  if (options.voteBy !== "token" && options.tokens.size > 0)
    report({ path: "voteBy", value: options.voteBy, allowed: '"token" when there are tokens' });
  if (options.admin?.token === "") report({ path: "admin.token", value: "(hidden)", allowed: token.allowed });
}
