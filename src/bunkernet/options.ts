import {
  check,
  either,
  flag,
  integer,
  oneOf,
  text,
  type Check,
  type ReportProblem,
} from "../options/check.js";
import type { OptionsTable } from "../options/table.js";
import type { Gate } from "../engine/protection.js";
import { isPrivateHost, serverUrl, shownServer } from "./server-url.js";

/** Options of BunkerNet. Times are in seconds, but for `timeout`. */
export interface BunkernetOptions {
  /** The API's address, `https://…`. Setting `BUNKERNET_SERVER`. Default `https://api.bunkerweb.io`. */
  server?: string;
  /** Refuse who is listed, or send them to the gate (`bunker()` with `antibot`, or `gate`). Default `"deny"`. */
  action?: "deny" | "challenge";
  /** Shares who was refused and banned. `false` = only takes the list. Default `true`. */
  report?: boolean;
  /** Shares bans by hand and by the app (`req.bunker.ban`) too. Default `false`. */
  reportManual?: boolean;
  /** How often reports are sent; 60 at least. Default 3600. */
  reportEvery?: number;
  /** How many reports may wait to be sent; more are counted and left out. Default 10000. */
  maxReports?: number;
  /** Names the service in reports: `true` = as it is configured, a text = always this. Default `false`: `"_"`. */
  serverName?: boolean | string;
  /** How old a list may be before it is asked for again; an hour at least. Default 86400. */
  listMaxAge?: number;
  /** How many entries of a list are taken. Default 2000000. */
  maxEntries?: number;
  /** A list that grows to more than so many times the last one is refused; 0 = never. Default 10. */
  maxGrowth?: number;
  /** Takes CIDR ranges in the list too. Default `false`: addresses only. */
  ranges?: boolean;
  /** What happens when a new list has a large share of the active clients: leave it alone, or only say so. Default `"suspend"`. */
  massList?: "suspend" | "announce";
  /** What a call may take, in milliseconds; for the list the longest silence. Default 5000. */
  timeout?: number;
  /** What downloading the list may take. Default 120. */
  listTimeout?: number;
  /** Lets `server` be `http://` on a public address: anybody on the way can then read reports and forge lists. Default `false`. */
  allowInsecure?: boolean;
  /** The certificates (PEM) of a private authority that vouches for `server`, instead of the public ones. */
  ca?: string;
  /** The invite token of a server that wants one (`voteBy: "token"`); sent in the header `X-BunkerNet-Token`. */
  token?: string;
  /** How this instance names itself. Default `express-bunker/<version>`. */
  userAgent?: string;
  /** What it says it is integrated in. Default `"express-bunker"`. */
  integration?: string;
  /** Which version it says it is. Default: this package's. */
  version?: string;
  /** Tells the API which operating system this is. `false` = "Unknown". Default `true`. */
  os?: boolean;
  /** The gate for `action: "challenge"`, where the middlewares are mounted one by one: what `antibot()` answered. */
  gate?: { readonly gate: Gate };
}

/** {@link BunkernetOptions} read and checked. */
export interface BunkernetResolved {
  server: URL;
  action: "deny" | "challenge";
  report: boolean;
  reportManual: boolean;
  reportEvery: number;
  maxReports: number;
  serverName: boolean | string;
  listMaxAge: number;
  maxEntries: number;
  maxGrowth: number;
  ranges: boolean;
  massList: "suspend" | "announce";
  timeout: number;
  listTimeout: number;
  allowInsecure: boolean;
  ca: string | undefined;
  token: string | undefined;
  userAgent: string | undefined;
  integration: string;
  version: string | undefined;
  os: boolean;
  gate: { readonly gate: Gate } | undefined;
}

const serverCheck: Check<URL> = {
  allowed: "an https:// or http:// URL without user, query and fragment",
  parse: (given) => given,
  read(value, path, report) {
    const url = typeof value === "string" ? serverUrl(value) : undefined;
    if (url === undefined)
      report({ path, value: typeof value === "string" ? shownServer(value) : value, allowed: this.allowed });
    return url;
  },
};

const gateCheck: Check<{ readonly gate: Gate }> = check("what antibot() answered", (value) =>
  (typeof value === "function" || typeof value === "object") && value !== null && "gate" in value
    ? (value as { gate: Gate })
    : undefined,
);

const plainText = (max: number): Check<string> =>
  text(`a text of 1 to ${max} printable ASCII characters`, new RegExp(`^[ -~]{1,${max}}$`));

const DAY = 86_400;

/** The options of BunkerNet. */
export const bunkernetTable: OptionsTable<BunkernetResolved> = {
  server: {
    setting: "BUNKERNET_SERVER",
    context: "global",
    check: serverCheck,
    default: () => new URL("https://api.bunkerweb.io"),
    help: "The API's address.",
  },
  action: {
    check: oneOf("deny", "challenge"),
    default: "deny",
    help: "Whether who is listed is refused or challenged.",
  },
  report: { check: flag(), default: true, help: "Shares who was refused and banned." },
  reportManual: { check: flag(), default: false, help: "Shares bans by hand and by the app too." },
  reportEvery: {
    check: integer(60, 30 * DAY, "seconds"),
    default: 3600,
    help: "How often reports are sent.",
  },
  maxReports: { check: integer(1, 1_000_000), default: 10_000, help: "How many reports may wait." },
  serverName: {
    check: either<boolean | string>(flag(), plainText(255)),
    default: false,
    help: "Names the service in reports.",
  },
  listMaxAge: {
    check: integer(3600, 30 * DAY, "seconds"),
    default: DAY,
    help: "How old a list may be before it is asked for again.",
  },
  maxEntries: {
    check: integer(1, 10_000_000),
    default: 2_000_000,
    help: "How many entries of a list are taken.",
  },
  maxGrowth: {
    check: integer(0, 1_000_000),
    default: 10,
    help: "A list that grows to more than so many times the last one is refused; 0 = never.",
  },
  ranges: { check: flag(), default: false, help: "Takes CIDR ranges in the list too." },
  massList: {
    check: oneOf("suspend", "announce"),
    default: "suspend",
    help: "What happens when a new list has a large share of the active clients.",
  },
  timeout: {
    check: integer(1, 60_000, "milliseconds"),
    default: 5000,
    help: "What a call may take; for the list the longest silence.",
  },
  listTimeout: {
    check: integer(1, 3600, "seconds"),
    default: 120,
    help: "What downloading the list may take.",
  },
  allowInsecure: { check: flag(), default: false, help: "Lets the server be http:// on a public address." },
  ca: {
    check: text("certificates as PEM text", /-----BEGIN CERTIFICATE-----/),
    default: undefined,
    help: "The certificates of a private authority that vouches for the server.",
  },
  token: {
    check: text("a token of 16 to 256 printable characters without spaces", /^[!-~]{16,256}$/),
    default: undefined,
    help: "The invite token of a server that wants one.",
    secret: true,
  },
  userAgent: { check: plainText(255), default: undefined, help: "How this instance names itself." },
  integration: { check: plainText(64), default: "express-bunker", help: "What it says it is integrated in." },
  version: { check: plainText(64), default: undefined, help: "Which version it says it is." },
  os: { check: flag(), default: true, help: "Tells the API which operating system this is." },
  gate: { check: gateCheck, default: undefined, help: "The gate for action challenge." },
};

/** What only several options together can get wrong. */
export function checkBunkernet(
  options: BunkernetResolved,
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
  const { server } = options;
  if (server.protocol === "http:" && !options.allowInsecure && !isPrivateHost(server.hostname)) {
    report({
      path: at("server"),
      value: shownServer(server.href),
      allowed: "https://; http:// only for loopback and private addresses, or with allowInsecure: true",
    });
  }
}
