import { check, decimal, flag, list, oneOf, text, type Check } from "../../../options/check.js";
import {
  group,
  readOptions,
  type AnyTable,
  type OptionSpec,
  type OptionsTable,
  type Resolved,
} from "../../../options/table.js";
import type {
  CapjsResolved,
  McaptchaResolved,
  ProviderResolved,
  ProvidersResolved,
  RecaptchaResolved,
  ScriptProviderResolved,
  TurnstileResolved,
} from "./options.js";

const keyCheck = text("a key without white space", /^[\x21-\x7e]{0,2048}$/);
const actionCheck = text("letters, digits, _ and -, at most 32", /^[A-Za-z0-9_-]{1,32}$/);
const fingerprintCheck = text("a request header's name, or a fingerprint", /^[\x21-\x7e]{0,512}$/);

// Kept as text: what is compared with it and put before it is text, too.
function urlCheck(allowed: string, accept: (url: URL) => boolean): Check<string> {
  return check(allowed, (value) => {
    if (typeof value !== "string") return undefined;
    // A setting that is there but empty is not given.
    if (value === "") return "";
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const plain = url !== undefined && url.username === "" && url.password === "" && url.hash === "";
    return plain && /^https?:$/.test(url.protocol) && accept(url) ? value.replace(/\/+$/, "") : undefined;
  });
}

const endpointCheck = urlCheck("an https:// URL, or an http:// URL of this machine", isPrivateEnough);
const instanceCheck = urlCheck("an http:// or https:// URL without a query", ({ search }) => search === "");
const originCheck = urlCheck(
  "an origin such as https://cap.example.com",
  ({ search, pathname }) => search === "" && pathname === "/",
);

// Secrets travel there: never in the clear over a network.
function isPrivateEnough({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

function common(vendor: string): Omit<OptionsTable<ProviderResolved>, "hostnames"> {
  return {
    siteKey: {
      setting: `ANTIBOT_${vendor}_SITEKEY`,
      context: "multisite",
      check: keyCheck,
      default: "",
      help: "The public key of your site.",
    },
    secret: {
      setting: `ANTIBOT_${vendor}_SECRET`,
      context: "multisite",
      check: keyCheck,
      default: "",
      secret: true,
      help: "The key that only your server knows.",
    },
    verifyUrl: { check: endpointCheck, default: "", help: "Where the server checks tokens." },
    timeout: { check: decimal(0.01, 30), default: 5, help: "How long a check may take, in seconds." },
  };
}

const hostnames: OptionSpec<string[]> = {
  check: list(
    check("a host name", (value) =>
      typeof value === "string" && /^[a-z0-9.:[\]_-]{1,253}$/i.test(value) ? value.toLowerCase() : undefined,
    ),
  ),
  default: () => [],
  help: "Host names that tokens may have been solved on.",
};

function scripted(vendor: string): OptionsTable<ScriptProviderResolved> {
  return {
    ...common(vendor),
    hostnames,
    scriptUrl: { check: endpointCheck, default: "", help: "Where browsers load the provider's script." },
    frameUrl: { check: endpointCheck, default: "", help: "Where the widget's frames come from." },
  };
}

/** The options of reCAPTCHA. */
export const recaptchaTable: OptionsTable<RecaptchaResolved> = {
  ...scripted("RECAPTCHA"),
  score: {
    setting: "ANTIBOT_RECAPTCHA_SCORE",
    context: "multisite",
    check: decimal(0, 1),
    default: 0.7,
    help: "The least score that passes.",
  },
  version: { check: oneOf("v3", "v2"), default: "v3", help: "The kind of the key." },
  action: { check: actionCheck, default: "CAPTCHA", help: "The action that tokens must carry." },
  onLowScore: { check: oneOf("checkbox", "deny"), default: undefined, help: "What a low score leads to." },
  checkboxSiteKey: { check: keyCheck, default: "", help: "The key of the checkbox after a low score." },
  checkboxSecret: { check: keyCheck, default: "", secret: true, help: "The checkbox's secret." },
  classic: {
    setting: "ANTIBOT_RECAPTCHA_CLASSIC",
    context: "multisite",
    check: flag(),
    default: true,
    help: "The classic service, not Enterprise.",
  },
  projectId: {
    setting: "ANTIBOT_RECAPTCHA_PROJECT_ID",
    context: "multisite",
    check: text("a project id of letters, digits and hyphens", /^[A-Za-z0-9:._-]{0,128}$/),
    default: "",
    help: "Enterprise: the Google Cloud project.",
  },
  apiKey: {
    setting: "ANTIBOT_RECAPTCHA_API_KEY",
    context: "multisite",
    check: keyCheck,
    default: "",
    secret: true,
    help: "Enterprise: the API key.",
  },
  ja3: {
    setting: "ANTIBOT_RECAPTCHA_JA3",
    context: "multisite",
    check: fingerprintCheck,
    default: "",
    help: "Enterprise: the header that carries the JA3 fingerprint.",
  },
  ja4: {
    setting: "ANTIBOT_RECAPTCHA_JA4",
    context: "multisite",
    check: fingerprintCheck,
    default: "",
    help: "Enterprise: the header that carries the JA4 fingerprint.",
  },
};

/** The options of hCaptcha. */
export const hcaptchaTable: OptionsTable<ScriptProviderResolved> = scripted("HCAPTCHA");

/** The options of Turnstile. */
export const turnstileTable: OptionsTable<TurnstileResolved> = {
  ...scripted("TURNSTILE"),
  action: { check: actionCheck, default: "bunker", help: "The action that tokens must carry." },
};

/** The options of mCaptcha. */
export const mcaptchaTable: OptionsTable<McaptchaResolved> = {
  ...common("MCAPTCHA"),
  url: {
    setting: "ANTIBOT_MCAPTCHA_URL",
    context: "multisite",
    check: instanceCheck,
    default: "https://demo.mcaptcha.org",
    help: "The instance.",
  },
};

/** The options of Cap. */
export const capjsTable: OptionsTable<CapjsResolved> = {
  ...common("CAPJS"),
  frontendUrl: {
    setting: "ANTIBOT_CAPJS_FRONTEND_URL",
    context: "multisite",
    check: originCheck,
    default: "",
    help: "The Cap server as browsers reach it.",
  },
  backendUrl: {
    setting: "ANTIBOT_CAPJS_BACKEND_URL",
    context: "multisite",
    check: originCheck,
    default: "",
    help: "The Cap server as this server reaches it.",
  },
};

/** The providers' part of the gate's options. */
export const providersTable: OptionsTable<ProvidersResolved> = {
  recaptcha: groupSpec(recaptchaTable, "reCAPTCHA."),
  hcaptcha: groupSpec(hcaptchaTable, "hCaptcha."),
  turnstile: groupSpec(turnstileTable, "Turnstile."),
  mcaptcha: groupSpec(mcaptchaTable, "mCaptcha."),
  capjs: groupSpec(capjsTable, "Cap."),
  onProviderError: {
    check: oneOf("javascript", "allow", "deny"),
    default: "javascript",
    help: "What happens while a provider cannot be reached.",
  },
};

function groupSpec<Table extends AnyTable>(table: Table, help: string): OptionSpec<Resolved<Table>> {
  const check = group(table) as Check<NonNullable<Resolved<Table>>>;
  return { check, default: () => readOptions(table, {}, "", () => undefined), help };
}
