import type { BunkerOptions } from "../../src/index.js";

/** One documented block of settings, and the options that it amounts to. */
export interface Block {
  readonly name: string;
  readonly yaml: string;
  readonly options: BunkerOptions;
}

const timing = { uri: "/challenge", timeResolve: 60, timeValid: 86_400 };
const common = `ANTIBOT_URI: "/challenge"
ANTIBOT_TIME_RESOLVE: "60"
ANTIBOT_TIME_VALID: "86400"
`;
const keys = { siteKey: "your-site-key", secret: "your-secret-key" };

function gate(kind: "cookie" | "javascript" | "captcha"): Block {
  return {
    name: `Antibot: ${kind}`,
    yaml: `USE_ANTIBOT: "${kind}"\n${common}`,
    options: { antibot: { challenge: kind, ...timing } },
  };
}

function provider(
  kind: "recaptcha" | "hcaptcha" | "turnstile" | "mcaptcha",
  more: string,
  extra: object,
): Block {
  const vendor = kind.toUpperCase();
  return {
    name: `Antibot: ${kind}`,
    yaml: `USE_ANTIBOT: "${kind}"
ANTIBOT_${vendor}_SITEKEY: "your-site-key"
ANTIBOT_${vendor}_SECRET: "your-secret-key"
${more}${common}`,
    options: { antibot: { challenge: kind, ...timing, [kind]: { ...keys, ...extra } } },
  };
}

const statusCodes = [400, 401, 403, 404, 405, 429, 444];

/** Every block of settings in BunkerWeb's documentation of the four protections. */
export const BLOCKS: readonly Block[] = [
  gate("cookie"),
  gate("javascript"),
  gate("captcha"),
  provider("recaptcha", 'ANTIBOT_RECAPTCHA_SCORE: "0.7"\n', { score: 0.7 }),
  provider("hcaptcha", "", {}),
  provider("turnstile", "", {}),
  provider("mcaptcha", 'ANTIBOT_MCAPTCHA_URL: "https://demo.mcaptcha.org"\n', {
    url: "https://demo.mcaptcha.org",
  }),
  {
    name: "Bad Behavior: default",
    yaml: `USE_BAD_BEHAVIOR: "yes"
BAD_BEHAVIOR_STATUS_CODES: "400 401 403 404 405 429 444"
BAD_BEHAVIOR_THRESHOLD: "10"
BAD_BEHAVIOR_COUNT_TIME: "60"
BAD_BEHAVIOR_BAN_TIME: "86400"
BAD_BEHAVIOR_BAN_SCOPE: "service"
`,
    options: {
      badBehavior: { statusCodes, threshold: 10, countTime: 60, banTime: 86_400, banScope: "service" },
    },
  },
  {
    name: "Bad Behavior: strict",
    yaml: `USE_BAD_BEHAVIOR: "yes"
BAD_BEHAVIOR_STATUS_CODES: "400 401 403 404 405 429 444 500 502 503"
BAD_BEHAVIOR_THRESHOLD: "5"
BAD_BEHAVIOR_COUNT_TIME: "120"
BAD_BEHAVIOR_BAN_TIME: "604800"  # 7 days
BAD_BEHAVIOR_BAN_SCOPE: "global" # Ban across all services
`,
    options: {
      badBehavior: {
        statusCodes: [...statusCodes, 500, 502, 503],
        threshold: 5,
        countTime: 120,
        banTime: 604_800,
        banScope: "global",
      },
    },
  },
  {
    name: "Bad Behavior: lenient",
    yaml: `USE_BAD_BEHAVIOR: "yes"
BAD_BEHAVIOR_STATUS_CODES: "401 403 429"  # Only count unauthorized, forbidden, and rate limited
BAD_BEHAVIOR_THRESHOLD: "20"
BAD_BEHAVIOR_COUNT_TIME: "30"
BAD_BEHAVIOR_BAN_TIME: "3600"  # 1 hour
BAD_BEHAVIOR_BAN_SCOPE: "service"
`,
    options: {
      badBehavior: {
        statusCodes: [401, 403, 429],
        threshold: 20,
        countTime: 30,
        banTime: 3600,
        banScope: "service",
      },
    },
  },
  {
    name: "Bad Behavior: permanent",
    yaml: `USE_BAD_BEHAVIOR: "yes"
BAD_BEHAVIOR_STATUS_CODES: "400 401 403 404 405 429 444"
BAD_BEHAVIOR_THRESHOLD: "10"
BAD_BEHAVIOR_COUNT_TIME: "60"
BAD_BEHAVIOR_BAN_TIME: "0"  # Permanent ban (never expires)
BAD_BEHAVIOR_BAN_SCOPE: "global" # Ban across all services
`,
    options: {
      badBehavior: { statusCodes, threshold: 10, countTime: 60, banTime: 0, banScope: "global" },
    },
  },
  {
    name: "DNSBL: basic",
    yaml: `USE_DNSBL: "yes"
DNSBL_LIST: "bl.blocklist.de sbl.spamhaus.org xbl.spamhaus.org"
`,
    options: { dnsbl: { list: ["bl.blocklist.de", "sbl.spamhaus.org", "xbl.spamhaus.org"] } },
  },
  {
    name: "DNSBL: minimal",
    yaml: `USE_DNSBL: "yes"
DNSBL_LIST: "zen.spamhaus.org"
`,
    options: { dnsbl: { list: ["zen.spamhaus.org"] } },
  },
  {
    name: "DNSBL: remote URLs",
    yaml: `USE_DNSBL: "yes"
DNSBL_LIST: "zen.spamhaus.org"
DNSBL_IGNORE_IP: "10.0.0.0/8 192.168.0.0/16 2001:db8::/32"
DNSBL_IGNORE_IP_URLS: "https://exemple.com/allow-cidrs.txt file:///etc/bunkerweb/dnsbl/ignore.txt"
`,
    options: {
      dnsbl: {
        list: ["zen.spamhaus.org"],
        ignoreIp: ["10.0.0.0/8", "192.168.0.0/16", "2001:db8::/32"],
        ignoreIpUrls: ["https://exemple.com/allow-cidrs.txt", "file:///etc/bunkerweb/dnsbl/ignore.txt"],
      },
    },
  },
  {
    name: "DNSBL: local files",
    yaml: `USE_DNSBL: "yes"
DNSBL_LIST: "zen.spamhaus.org"
DNSBL_IGNORE_IP_URLS: "file:///etc/bunkerweb/dnsbl/ignore.txt file:///opt/data/allow-cidrs.txt"
`,
    options: {
      dnsbl: {
        list: ["zen.spamhaus.org"],
        ignoreIpUrls: ["file:///etc/bunkerweb/dnsbl/ignore.txt", "file:///opt/data/allow-cidrs.txt"],
      },
    },
  },
  {
    name: "BunkerNet: default",
    yaml: `USE_BUNKERNET: "yes"
BUNKERNET_SERVER: "https://api.bunkerweb.io"
`,
    options: { bunkernet: { server: "https://api.bunkerweb.io" } },
  },
  { name: "BunkerNet: disabled", yaml: `USE_BUNKERNET: "no"\n`, options: { bunkernet: false } },
  {
    name: "BunkerNet: custom server",
    yaml: `USE_BUNKERNET: "yes"
BUNKERNET_SERVER: "https://bunkernet.example.com"
`,
    options: { bunkernet: { server: "https://bunkernet.example.com" } },
  },
];

/** A documented row: setting, option, default, and whether each service may have its own. */
export const ROWS: readonly (readonly [string, string, string, "global" | "multisite"])[] = [
  ["USE_BUNKERNET", "bunkernet", "yes", "multisite"],
  ["BUNKERNET_SERVER", "bunkernet.server", "https://api.bunkerweb.io", "global"],
  ["USE_ANTIBOT", "antibot.challenge", "no", "multisite"],
  ["ANTIBOT_URI", "antibot.uri", "/challenge", "multisite"],
  ["ANTIBOT_TIME_RESOLVE", "antibot.timeResolve", "60", "multisite"],
  ["ANTIBOT_TIME_VALID", "antibot.timeValid", "86400", "multisite"],
  ["ANTIBOT_IGNORE_URI", "antibot.ignoreUri", "", "multisite"],
  ["ANTIBOT_IGNORE_IP", "antibot.ignoreIp", "", "multisite"],
  ["ANTIBOT_IGNORE_RDNS", "antibot.ignoreRdns", "", "multisite"],
  ["ANTIBOT_RDNS_GLOBAL", "antibot.rdnsGlobal", "yes", "multisite"],
  ["ANTIBOT_IGNORE_ASN", "antibot.ignoreAsn", "", "multisite"],
  ["ANTIBOT_IGNORE_USER_AGENT", "antibot.ignoreUserAgent", "", "multisite"],
  ["ANTIBOT_RECAPTCHA_SITEKEY", "antibot.recaptcha.siteKey", "", "multisite"],
  ["ANTIBOT_RECAPTCHA_SECRET", "antibot.recaptcha.secret", "", "multisite"],
  ["ANTIBOT_RECAPTCHA_SCORE", "antibot.recaptcha.score", "0.7", "multisite"],
  ["ANTIBOT_HCAPTCHA_SITEKEY", "antibot.hcaptcha.siteKey", "", "multisite"],
  ["ANTIBOT_HCAPTCHA_SECRET", "antibot.hcaptcha.secret", "", "multisite"],
  ["ANTIBOT_TURNSTILE_SITEKEY", "antibot.turnstile.siteKey", "", "multisite"],
  ["ANTIBOT_TURNSTILE_SECRET", "antibot.turnstile.secret", "", "multisite"],
  ["ANTIBOT_MCAPTCHA_SITEKEY", "antibot.mcaptcha.siteKey", "", "multisite"],
  ["ANTIBOT_MCAPTCHA_SECRET", "antibot.mcaptcha.secret", "", "multisite"],
  ["ANTIBOT_MCAPTCHA_URL", "antibot.mcaptcha.url", "https://demo.mcaptcha.org", "multisite"],
  ["USE_BAD_BEHAVIOR", "badBehavior", "yes", "multisite"],
  ["BAD_BEHAVIOR_STATUS_CODES", "badBehavior.statusCodes", "400 401 403 404 405 429 444", "multisite"],
  ["BAD_BEHAVIOR_THRESHOLD", "badBehavior.threshold", "10", "multisite"],
  ["BAD_BEHAVIOR_COUNT_TIME", "badBehavior.countTime", "60", "multisite"],
  ["BAD_BEHAVIOR_BAN_TIME", "badBehavior.banTime", "86400", "multisite"],
  ["BAD_BEHAVIOR_BAN_SCOPE", "badBehavior.banScope", "service", "multisite"],
  ["USE_DNSBL", "dnsbl", "no", "multisite"],
  ["DNSBL_LIST", "dnsbl.list", "bl.blocklist.de sbl.spamhaus.org xbl.spamhaus.org", "global"],
  ["DNSBL_IGNORE_IP", "dnsbl.ignoreIp", "", "multisite"],
  ["DNSBL_IGNORE_IP_URLS", "dnsbl.ignoreIpUrls", "", "multisite"],
];
