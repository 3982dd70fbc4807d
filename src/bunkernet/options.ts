import { either, flag, integer, oneOf, text, type Check, type ReportProblem } from "../options/check.js";
import type { AnyTable, Resolved } from "../options/table.js";
import { checkChallenge, gateOption } from "../engine/gate-option.js";
import type { Gate } from "../engine/protection.js";
import { isPrivateHost, serverUrl, shownServer } from "./server-url.js";

/** Options of BunkerNet. Times are in seconds, except `timeout`. */
export interface BunkernetOptions {
  /** The API's address, `https://…`. Setting `BUNKERNET_SERVER`. Default `https://api.bunkerweb.io`. */
  server?: string;
  /** Whether listed clients are refused or sent to the gate (of `bunker()` with `antibot`, or `gate`). Default `"deny"`. */
  action?: "deny" | "challenge";
  /** Reports refused and banned clients. `false` = only downloads the list. Default `true`. */
  report?: boolean;
  /** Also reports bans by the operator and the app (`req.bunker.ban`). Default `false`. */
  reportManual?: boolean;
  /** How often reports are sent; at least 60. Default 3600. */
  reportEvery?: number;
  /** The maximum number of queued reports; further ones are counted and dropped. Default 10000. */
  maxReports?: number;
  /** The service name in reports: `true` = the configured name, a string = this name. Default `false`: `"_"`. */
  serverName?: boolean | string;
  /** The maximum age of the list before it is downloaded again; at least an hour. Default 86400. */
  listMaxAge?: number;
  /** The maximum number of entries of the list. Default 2000000. */
  maxEntries?: number;
  /** Refuses a list that is more than this many times larger than the last one; 0 = never. Default 10. */
  maxGrowth?: number;
  /** Accepts CIDR ranges in the list. Default `false`: only addresses. */
  ranges?: boolean;
  /** What happens when a new list contains a large share of the active clients: suspend it, or only warn. Default `"suspend"`. */
  massList?: "suspend" | "announce";
  /** The timeout of a call, in milliseconds; for the list, of each pause in the download. Default 5000. */
  timeout?: number;
  /** The timeout of the whole list download. Default 120. */
  listTimeout?: number;
  /** Allows `http://` to a public server: anyone on the network path can then read reports and forge lists. Default `false`. */
  allowInsecure?: boolean;
  /** The certificates (PEM) of a private authority for `server`, instead of the public ones. */
  ca?: string;
  /** The invite token of a server that requires one (`voteBy: "token"`); sent in the header `X-BunkerNet-Token`. */
  token?: string;
  /** The User-Agent of calls. Default `express-bunker/<version>`. */
  userAgent?: string;
  /** The integration that calls name. Default `"express-bunker"`. */
  integration?: string;
  /** The version that calls name. Default: this package's. */
  version?: string;
  /** Sends the operating system. `false` = "Unknown". Default `true`. */
  os?: boolean;
  /** The gate for `action: "challenge"` if the middlewares are mounted separately: the result of `antibot()`. */
  gate?: { readonly gate: Gate };
}

const serverCheck: Check<URL> = {
  allowed: "an https:// or http:// URL without user, query or fragment",
  parse: (value) => value,
  read(value, path, report) {
    const url = typeof value === "string" ? serverUrl(value) : undefined;
    if (url === undefined)
      report({ path, value: typeof value === "string" ? shownServer(value) : value, allowed: this.allowed });
    return url;
  },
};

const plainText = (max: number): Check<string> =>
  text(`a text of 1 to ${max} printable ASCII characters`, new RegExp(`^[ -~]{1,${max}}$`));

const DAY = 86_400;

/** The options of BunkerNet. */
export const bunkernetTable = {
  server: {
    setting: "BUNKERNET_SERVER",
    context: "global",
    check: serverCheck,
    default: () => new URL("https://api.bunkerweb.io"),
    help: "The URL of the BunkerNet API.",
  },
  action: {
    check: oneOf("deny", "challenge"),
    default: "deny",
    help: "Whether listed clients are refused or challenged.",
  },
  report: { check: flag(), default: true, help: "Reports refused and banned clients." },
  reportManual: { check: flag(), default: false, help: "Also reports bans by the operator and the app." },
  reportEvery: {
    check: integer(60, 30 * DAY, "seconds"),
    default: 3600,
    help: "How often reports are sent.",
  },
  maxReports: {
    check: integer(1, 1_000_000),
    default: 10_000,
    help: "The maximum number of queued reports.",
  },
  serverName: {
    check: either<boolean | string>(flag(), plainText(255)),
    default: false,
    help: "The service name in reports: `true` = the configured name, `false` = `_`.",
  },
  listMaxAge: {
    check: integer(3600, 30 * DAY, "seconds"),
    default: DAY,
    help: "The maximum age of the list before it is downloaded again.",
  },
  maxEntries: {
    check: integer(1, 10_000_000),
    default: 2_000_000,
    help: "The maximum number of entries of the list.",
  },
  maxGrowth: {
    check: integer(0, 1_000_000),
    default: 10,
    help: "Refuses a list that is more than this many times larger than the last one; 0 = never.",
  },
  ranges: { check: flag(), default: false, help: "Accepts CIDR ranges in the list." },
  massList: {
    check: oneOf("suspend", "announce"),
    default: "suspend",
    help: "What happens when a new list contains a large share of the active clients.",
  },
  timeout: {
    check: integer(1, 60_000, "milliseconds"),
    default: 5000,
    help: "The timeout of a call; for the list, of each pause in the download.",
  },
  listTimeout: {
    check: integer(1, 3600, "seconds"),
    default: 120,
    help: "The timeout of the whole list download.",
  },
  allowInsecure: { check: flag(), default: false, help: "Allows http:// to a public server." },
  ca: {
    check: text("certificates as PEM text", /-----BEGIN CERTIFICATE-----/),
    default: undefined,
    help: "The certificates (PEM) of a private authority for the server.",
  },
  token: {
    check: text("a token of 16 to 256 printable characters without spaces", /^[!-~]{16,256}$/),
    default: undefined,
    help: "The invite token of a server that requires one.",
    secret: true,
  },
  userAgent: { check: plainText(255), default: undefined, help: "The User-Agent of calls." },
  integration: {
    check: plainText(64),
    default: "express-bunker",
    help: "The name of the integration, sent with each call.",
  },
  version: {
    check: plainText(64),
    default: undefined,
    help: "The version of the integration, sent with each call.",
  },
  os: { check: flag(), default: true, help: "Sends the name of the operating system with each call." },
  gate: gateOption,
} satisfies AnyTable;

/** {@link BunkernetOptions} read and checked. */
export type BunkernetResolved = Resolved<typeof bunkernetTable>;

/** Checks options that depend on each other. */
export function checkBunkernet(
  options: BunkernetResolved,
  hasGate: boolean,
  prefix: string,
  report: ReportProblem,
): void {
  const at = (name: string): string => (prefix === "" ? name : `${prefix}.${name}`);
  checkChallenge(options.action, hasGate, at("action"), report);
  const { server } = options;
  if (server.protocol === "http:" && !options.allowInsecure && !isPrivateHost(server.hostname)) {
    report({
      path: at("server"),
      value: shownServer(server.href),
      allowed: "https://; http:// only for private addresses and names, or with allowInsecure: true",
    });
  }
}
