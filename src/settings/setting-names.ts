import { editDistance, nearestName } from "../options/table.js";
import { SETTING_BY_NAME, SETTINGS } from "./catalogue.js";
import type { Setting } from "./setting.js";

export type NameMeaning =
  /** A setting of ours; `fromFile` = its value is the path of the file that holds it; `order` sorts `_1`, `_2`, …. */
  | {
      readonly kind: "setting";
      readonly setting: Setting;
      readonly fromFile: boolean;
      readonly order: number;
    }
  | { readonly kind: "misspelt"; readonly nearest: string | undefined; readonly rule: string }
  /** Close to a setting, but possibly a name of the app's own. */
  | { readonly kind: "near"; readonly nearest: string }
  /** Another BunkerWeb plugin's. */
  | { readonly kind: "other" }
  /** A name of the app's own. */
  | { readonly kind: "foreign" };

const NAMES = SETTINGS.map(({ name }) => name);
const SWITCHES = NAMES.filter((name) => name.startsWith("USE_"));
const OWN_PREFIX = /^(?:ANTIBOT|BAD_BEHAVIOR|DNSBL|BUNKERNET|SESSIONS)_/i;
// Not SESSIONS_: many an app has a SESSION_SECRET of its own.
const PECULIAR = NAMES.filter((name) => /^(?:ANTIBOT|BAD_BEHAVIOR|DNSBL|BUNKERNET)_/.test(name));

// BunkerWeb's settings that are none of ours, by what their names start with: they are ignored, with one warning.
const OTHER_SETTINGS =
  /^(?:USE_(?:REVERSE_PROXY|REVERSE_SCAN|MODSECURITY(?:_\w+)?|GZIP|BROTLI|CORS|LIMIT_(?:REQ|CONN)|BLACKLIST|GREYLIST|AUTH_BASIC|REAL_IP|PROXY_PROTOCOL|CLIENT_CACHE|CUSTOM_SSL|LETS_ENCRYPT_\w+|CROWDSEC|COUNTRY|SECURITYTXT|ROBOTSTXT|METRICS|OPEN_FILE_CACHE|PHP|GRPC|TEMPLATE|UI|IPV6|TCP|UDP|MTLS)|(?:REVERSE_PROXY|REVERSE_SCAN|MODSECURITY|LETS_ENCRYPT|BLACKLIST|WHITELIST|GREYLIST|CORS|LIMIT_REQ|LIMIT_CONN|REAL_IP|CUSTOM_SSL|CROWDSEC|SECURITYTXT|ROBOTSTXT|AUTH_BASIC|COOKIE|PROXY_(?:BUFFER|CACHE|READ|SEND|CONNECT)|CLIENT_CACHE|GZIP|BROTLI|SELF_SIGNED_SSL)_\w+|AUTO_LETS_ENCRYPT|EMAIL_LETS_ENCRYPT|GENERATE_SELF_SIGNED_SSL|REDIRECT_HTTP_TO_HTTPS|AUTO_REDIRECT_HTTP_TO_HTTPS|SSL_PROTOCOLS|SSL_CIPHERS_\w+|DISABLE_DEFAULT_SERVER\w*|SERVE_FILES|SERVER_TYPE|API_WHITELIST_IP|AUTOCONF_MODE|SWARM_MODE|KUBERNETES_MODE|DATABASE_URI|INJECT_BODY|INJECT_HEAD|REMOTE_PHP\w*|LOCAL_PHP\w*|ALLOWED_METHODS|DENY_COUNTRY|BLACKLIST_COUNTRY|WHITELIST_COUNTRY|(?:KEEP_UPSTREAM|REMOVE|CUSTOM)_HEADERS?|STRICT_TRANSPORT_SECURITY|CONTENT_SECURITY_POLICY\w*|PERMISSIONS_POLICY|REFERRER_POLICY|X_FRAME_OPTIONS|X_CONTENT_TYPE_OPTIONS|X_XSS_PROTECTION|MAX_CLIENT_SIZE|BUNKERWEB_\w+)(?:_\d+)?$/;

/** Returns the meaning of a name without a service's prefix. */
export function meaningOf(name: string): NameMeaning {
  const exact = settingNamed(name);
  if (exact !== undefined) return exact;
  const bare = name.slice(0, 128);
  if (OWN_PREFIX.test(bare)) return misspelt(bare);
  if (OTHER_SETTINGS.test(bare)) return { kind: "other" };
  if (/^USE[_-]?[A-Z]/i.test(bare)) {
    const meant = SWITCHES.find((known) => nearSwitch(bare, known));
    if (meant !== undefined) return { kind: "misspelt", nearest: meant, rule: "the name of a setting" };
  }
  if (/^[A-Z][A-Z0-9_]{7,}$/.test(bare)) {
    const nearest = nearestName(bare, PECULIAR);
    if (nearest !== undefined && within(bare, nearest, 2)) return { kind: "near", nearest };
  }
  return { kind: "foreign" };
}

/** The setting that `name` is exactly: itself, with `_FILE`, or with a number where several are taken. */
export function settingNamed(name: string): Extract<NameMeaning, { kind: "setting" }> | undefined {
  const whole = SETTING_BY_NAME.get(name);
  if (whole !== undefined) return { kind: "setting", setting: whole, fromFile: false, order: 0 };
  const parts = /^([A-Z_0-9]{1,64}?)(?:_(\d{1,4}))?(_FILE)?$/.exec(name);
  if (parts === null) return undefined;
  const setting = SETTING_BY_NAME.get(parts[1] as string);
  if (setting === undefined || (parts[2] !== undefined && !setting.multiple)) return undefined;
  return { kind: "setting", setting, fromFile: parts[3] !== undefined, order: Number(parts[2] ?? 0) };
}

function misspelt(name: string): NameMeaning {
  const base = /^(.*?)_\d{1,4}(?:_FILE)?$/.exec(name)?.[1];
  if (base !== undefined && SETTING_BY_NAME.has(base))
    return { kind: "misspelt", nearest: base, rule: "given once; only some settings take _1, _2, …" };
  return {
    kind: "misspelt",
    nearest: nearestName(name.replace(/_FILE$/, ""), NAMES),
    rule: "the name of a setting",
  };
}

// USE_ANTIBOTS, use_antibot, USE_BADBEHAVIOR, USE_DNSBLS; but not USE_DNS of some other program.
function nearSwitch(name: string, known: string): boolean {
  const core = (text: string): string => text.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
  const wanted = core(known);
  return within(core(name), wanted, wanted.length >= 10 ? 2 : 1);
}

function within(name: string, known: string, max: number): boolean {
  return Math.abs(name.length - known.length) <= max && editDistance(name, known) <= max;
}
