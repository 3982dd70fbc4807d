import { check, decimal, flag, list, oneOf, text, type Check } from "../../../options/check.js";
import { group, readOptions, type AnyTable, type Resolved } from "../../../options/table.js";
import type { ProviderName } from "./provider.js";

/** The options of every provider. Times are in seconds. */
export interface ProviderOptions {
  /** The public key of your site at the provider. Setting `ANTIBOT_<PROVIDER>_SITEKEY`, as in `ANTIBOT_HCAPTCHA_SITEKEY`. */
  siteKey?: string;
  /** The key that only your server knows. Setting `ANTIBOT_<PROVIDER>_SECRET`. */
  secret?: string;
  /** Host names that tokens may have been solved on. Default: the names and aliases of `services`, or the request's Host. */
  hostnames?: string | readonly string[];
  /** Where the server checks tokens. Default: the provider's own address. */
  verifyUrl?: string;
  /** How long a check may take, in seconds. Default 5. */
  timeout?: number;
}

/** Options of the providers that serve their script from their own servers. */
export interface ScriptProviderOptions extends ProviderOptions {
  /** Where browsers load the provider's script. Default: the provider's own address. */
  scriptUrl?: string;
  /** The origin of the widget's frames. Default: the provider's own, and that of `scriptUrl`. */
  frameUrl?: string;
}

/** Options of reCAPTCHA. */
export interface RecaptchaOptions extends ScriptProviderOptions {
  /** The lowest score that passes, 0–1 (v3 and Enterprise). Setting `ANTIBOT_RECAPTCHA_SCORE`. Default 0.7. */
  score?: number;
  /** What the site key was made for: `v3` works in the background, `v2` shows the checkbox. Default `"v3"`. */
  version?: "v3" | "v2";
  /** The action that tokens must carry (v3 and Enterprise). Default `"CAPTCHA"`. */
  action?: string;
  /** What follows a low score: the v2 checkbox, or a refusal. Default: the checkbox if its keys are given. */
  onLowScore?: "checkbox" | "deny";
  /** The site key of the checkbox that follows a low score. */
  checkboxSiteKey?: string;
  /** The checkbox's secret; Enterprise needs none. */
  checkboxSecret?: string;
  /** `false` = reCAPTCHA Enterprise. Setting `ANTIBOT_RECAPTCHA_CLASSIC`. Default `true`. */
  classic?: boolean;
  /** Enterprise: the Google Cloud project. Setting `ANTIBOT_RECAPTCHA_PROJECT_ID`. */
  projectId?: string;
  /** Enterprise: the API key. Setting `ANTIBOT_RECAPTCHA_API_KEY`. */
  apiKey?: string;
  /** Enterprise: the header that carries the visitor's JA3 fingerprint, or a fixed one. Setting `ANTIBOT_RECAPTCHA_JA3`. */
  ja3?: string;
  /** Enterprise: the same for JA4. Setting `ANTIBOT_RECAPTCHA_JA4`. */
  ja4?: string;
}

/** Options of hCaptcha. */
export type HcaptchaOptions = ScriptProviderOptions;

/** Options of Turnstile. */
export interface TurnstileOptions extends ScriptProviderOptions {
  /** The action that tokens must carry. Default `"bunker"`. */
  action?: string;
}

/** Options of mCaptcha. */
export interface McaptchaOptions extends Omit<ProviderOptions, "hostnames"> {
  /** The instance's URL. Setting `ANTIBOT_MCAPTCHA_URL`. Default `"https://demo.mcaptcha.org"`, which is only for trying out. */
  url?: string;
}

/** Options of Cap. */
export interface CapjsOptions extends Omit<ProviderOptions, "hostnames"> {
  /** The origin at which browsers reach the Cap server. Setting `ANTIBOT_CAPJS_FRONTEND_URL`. */
  frontendUrl?: string;
  /** The origin at which this server reaches the Cap server. Setting `ANTIBOT_CAPJS_BACKEND_URL`. Default: `frontendUrl`. */
  backendUrl?: string;
}

/** What happens to a visitor with a token that could not be checked. */
export type ProviderPolicy = "javascript" | "allow" | "deny";

/** The providers' part of the gate's options. */
export interface ProvidersOptions {
  /** Options of the challenge `recaptcha`. */
  recaptcha?: RecaptchaOptions;
  /** Options of the challenge `hcaptcha`. */
  hcaptcha?: HcaptchaOptions;
  /** Options of the challenge `turnstile`. */
  turnstile?: TurnstileOptions;
  /** Options of the challenge `mcaptcha`. */
  mcaptcha?: McaptchaOptions;
  /** Options of the challenge `capjs`. */
  capjs?: CapjsOptions;
  /**
   * What happens while a provider cannot be reached. `javascript`: a token that could not be checked gets 503; once
   * this has happened to many networks, visitors get the proof of work, with more bits, until the provider is back.
   * `allow`: tokens that could not be checked pass. `deny`: they are refused. Default `"javascript"`.
   */
  onProviderError?: ProviderPolicy;
}

const actionCheck = text("a text of at most 32 letters, digits, _ and -", /^[A-Za-z0-9_-]{1,32}$/);
const key = optional(text("a key without white space", /^[\x21-\x7e]{0,2048}$/));
const fingerprint = optional(text("a request header's name, or a fingerprint", /^[\x21-\x7e]{0,512}$/));
// Secrets are sent there, so never in the clear over a network.
const endpoint = optional(
  urlCheck(
    "an https:// URL, or an http:// URL of this machine",
    ({ protocol, hostname }) =>
      protocol === "https:" || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname),
  ),
);
const origin = optional(
  urlCheck(
    "an origin such as https://cap.example.com",
    ({ search, pathname }) => search === "" && pathname === "/",
  ),
);

// The result stays a text, since it is compared and joined with texts.
function urlCheck(allowed: string, accept: (url: URL) => boolean): Check<string> {
  return check(allowed, (value) => {
    if (typeof value !== "string") return undefined;
    // An empty setting counts as not given.
    if (value === "") return "";
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const plain = url !== undefined && url.username === "" && url.password === "" && url.hash === "";
    return plain && /^https?:$/.test(url.protocol) && accept(url) ? value.replace(/\/+$/, "") : undefined;
  });
}

// An option that is a text, empty by default.
function optional(check: Check<string>) {
  return (help: string) => ({ check, default: "", help });
}

function setting<Spec extends object>(name: string, spec: Spec) {
  return { setting: name, context: "multisite" as const, ...spec };
}

function secretKey(help: string) {
  return { ...key(help), secret: true };
}

function providerTable(name: string) {
  return {
    siteKey: setting(`ANTIBOT_${name}_SITEKEY`, key("The public key of your site at the provider.")),
    secret: setting(`ANTIBOT_${name}_SECRET`, secretKey("The secret key of your site at the provider.")),
    verifyUrl: endpoint("The URL at which the server checks tokens; by default the provider's own."),
    timeout: { check: decimal(0.01, 30), default: 5, help: "How long a check may take, in seconds." },
  } satisfies AnyTable;
}

function scriptProviderTable(name: string) {
  return {
    ...providerTable(name),
    hostnames: {
      check: list(
        check("a host name", (value) =>
          typeof value === "string" && /^[a-z0-9.:[\]_-]{1,253}$/i.test(value)
            ? value.toLowerCase()
            : undefined,
        ),
      ),
      default: (): string[] => [],
      help: "The host names on which tokens may have been solved; by default the site's own.",
    },
    scriptUrl: endpoint("The URL of the provider's script; by default the provider's own."),
    frameUrl: endpoint(
      "The origin of the widget's frames, if it is neither the provider's own nor that of scriptUrl.",
    ),
  } satisfies AnyTable;
}

export const PROVIDER_TABLES = {
  recaptcha: {
    ...scriptProviderTable("RECAPTCHA"),
    score: setting("ANTIBOT_RECAPTCHA_SCORE", {
      check: decimal(0, 1),
      default: 0.7,
      help: "The lowest score that passes (v3 and Enterprise).",
    }),
    version: {
      check: oneOf("v3", "v2"),
      default: "v3",
      help: "The version of the site key: v3 works in the background, v2 shows the checkbox.",
    },
    action: {
      check: actionCheck,
      default: "CAPTCHA",
      help: "The action that tokens must carry (v3 and Enterprise).",
    },
    onLowScore: {
      check: oneOf("checkbox", "deny"),
      default: undefined,
      help: "Whether a low score leads to the v2 checkbox or to a refusal; by default to the checkbox if its keys are given.",
    },
    checkboxSiteKey: key("The site key of the checkbox that follows a low score."),
    checkboxSecret: secretKey("The secret of that checkbox; Enterprise needs none."),
    classic: setting("ANTIBOT_RECAPTCHA_CLASSIC", {
      check: flag(),
      default: true,
      help: "Uses the classic service; otherwise reCAPTCHA Enterprise.",
    }),
    projectId: setting(
      "ANTIBOT_RECAPTCHA_PROJECT_ID",
      optional(text("a project id of letters, digits and hyphens", /^[A-Za-z0-9:._-]{0,128}$/))(
        "The id of the Google Cloud project, for Enterprise.",
      ),
    ),
    apiKey: setting("ANTIBOT_RECAPTCHA_API_KEY", secretKey("The API key, for Enterprise.")),
    ja3: setting(
      "ANTIBOT_RECAPTCHA_JA3",
      fingerprint(
        "The request header that carries the visitor's JA3 fingerprint, or a fixed fingerprint, for Enterprise.",
      ),
    ),
    ja4: setting(
      "ANTIBOT_RECAPTCHA_JA4",
      fingerprint(
        "The request header that carries the visitor's JA4 fingerprint, or a fixed fingerprint, for Enterprise.",
      ),
    ),
  },
  hcaptcha: scriptProviderTable("HCAPTCHA"),
  turnstile: {
    ...scriptProviderTable("TURNSTILE"),
    action: { check: actionCheck, default: "bunker", help: "The action that tokens must carry." },
  },
  mcaptcha: {
    ...providerTable("MCAPTCHA"),
    url: setting("ANTIBOT_MCAPTCHA_URL", {
      check: urlCheck("an http:// or https:// URL without a query", ({ search }) => search === ""),
      default: "https://demo.mcaptcha.org",
      help: "The URL of the mCaptcha instance; the default is for tests only.",
    }),
  },
  capjs: {
    ...providerTable("CAPJS"),
    frontendUrl: setting(
      "ANTIBOT_CAPJS_FRONTEND_URL",
      origin("The origin at which browsers reach the Cap server."),
    ),
    backendUrl: setting(
      "ANTIBOT_CAPJS_BACKEND_URL",
      origin("The origin at which this server reaches the Cap server; by default frontendUrl."),
    ),
  },
} satisfies Record<ProviderName, AnyTable>;

export const providersTable = {
  recaptcha: groupSpec("recaptcha"),
  hcaptcha: groupSpec("hcaptcha"),
  turnstile: groupSpec("turnstile"),
  mcaptcha: groupSpec("mcaptcha"),
  capjs: groupSpec("capjs"),
  onProviderError: {
    check: oneOf("javascript", "allow", "deny"),
    default: "javascript",
    help: "Whether visitors get the proof of work, pass, or are refused while a provider is unavailable.",
  },
} satisfies AnyTable;

function groupSpec<Name extends ProviderName>(name: Name) {
  const table = PROVIDER_TABLES[name];
  return {
    check: group(table),
    default: () => readOptions(table, {}, "", () => undefined),
    help: `The options of the challenge ${name}.`,
  };
}

type Tables = typeof PROVIDER_TABLES;
export type ScriptProviderResolved = Resolved<Tables["hcaptcha"]>;
export type RecaptchaResolved = Resolved<Tables["recaptcha"]>;
export type TurnstileResolved = Resolved<Tables["turnstile"]>;
export type McaptchaResolved = Resolved<Tables["mcaptcha"]>;
export type CapjsResolved = Resolved<Tables["capjs"]>;
export type ProvidersResolved = Resolved<typeof providersTable>;
