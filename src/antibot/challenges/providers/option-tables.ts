import { check, decimal, flag, list, oneOf, text, type Check } from "../../../options/check.js";
import { group, readOptions, type AnyTable, type Resolved } from "../../../options/table.js";
import type { ProviderName } from "./provider.js";

const keyCheck = text("a key without white space", /^[\x21-\x7e]{0,2048}$/);
const actionCheck = text("a text of at most 32 letters, digits, _ and -", /^[A-Za-z0-9_-]{1,32}$/);
const fingerprintCheck = text("a request header's name, or a fingerprint", /^[\x21-\x7e]{0,512}$/);

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

const endpointCheck = urlCheck("an https:// URL, or an http:// URL of this machine", isPrivateEnough);
const instanceCheck = urlCheck("an http:// or https:// URL without a query", ({ search }) => search === "");
const originCheck = urlCheck(
  "an origin such as https://cap.example.com",
  ({ search, pathname }) => search === "" && pathname === "/",
);

// Secrets are sent there, so never in the clear over a network.
function isPrivateEnough({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

function setting<Spec extends object>(name: string, spec: Spec) {
  return { setting: name, context: "multisite" as const, ...spec };
}

function providerTable(name: string) {
  return {
    siteKey: setting(`ANTIBOT_${name}_SITEKEY`, {
      check: keyCheck,
      default: "",
      help: "The public key of your site at the provider.",
    }),
    secret: setting(`ANTIBOT_${name}_SECRET`, {
      check: keyCheck,
      default: "",
      secret: true,
      help: "The secret key of your site at the provider.",
    }),
    verifyUrl: {
      check: endpointCheck,
      default: "",
      help: "The URL at which the server checks tokens; by default the provider's own.",
    },
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
    scriptUrl: {
      check: endpointCheck,
      default: "",
      help: "The URL of the provider's script; by default the provider's own.",
    },
    frameUrl: {
      check: endpointCheck,
      default: "",
      help: "The origin of the widget's frames, if it is neither the provider's own nor that of scriptUrl.",
    },
  } satisfies AnyTable;
}

/** The options of each provider. */
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
    checkboxSiteKey: {
      check: keyCheck,
      default: "",
      help: "The site key of the checkbox that follows a low score.",
    },
    checkboxSecret: {
      check: keyCheck,
      default: "",
      secret: true,
      help: "The secret of that checkbox; Enterprise needs none.",
    },
    classic: setting("ANTIBOT_RECAPTCHA_CLASSIC", {
      check: flag(),
      default: true,
      help: "Uses the classic service; otherwise reCAPTCHA Enterprise.",
    }),
    projectId: setting("ANTIBOT_RECAPTCHA_PROJECT_ID", {
      check: text("a project id of letters, digits and hyphens", /^[A-Za-z0-9:._-]{0,128}$/),
      default: "",
      help: "The id of the Google Cloud project, for Enterprise.",
    }),
    apiKey: setting("ANTIBOT_RECAPTCHA_API_KEY", {
      check: keyCheck,
      default: "",
      secret: true,
      help: "The API key, for Enterprise.",
    }),
    ja3: setting("ANTIBOT_RECAPTCHA_JA3", {
      check: fingerprintCheck,
      default: "",
      help: "The request header that carries the visitor's JA3 fingerprint, or a fixed fingerprint, for Enterprise.",
    }),
    ja4: setting("ANTIBOT_RECAPTCHA_JA4", {
      check: fingerprintCheck,
      default: "",
      help: "The request header that carries the visitor's JA4 fingerprint, or a fixed fingerprint, for Enterprise.",
    }),
  },
  hcaptcha: scriptProviderTable("HCAPTCHA"),
  turnstile: {
    ...scriptProviderTable("TURNSTILE"),
    action: { check: actionCheck, default: "bunker", help: "The action that tokens must carry." },
  },
  mcaptcha: {
    ...providerTable("MCAPTCHA"),
    url: setting("ANTIBOT_MCAPTCHA_URL", {
      check: instanceCheck,
      default: "https://demo.mcaptcha.org",
      help: "The URL of the mCaptcha instance; the default is for tests only.",
    }),
  },
  capjs: {
    ...providerTable("CAPJS"),
    frontendUrl: setting("ANTIBOT_CAPJS_FRONTEND_URL", {
      check: originCheck,
      default: "",
      help: "The origin at which browsers reach the Cap server.",
    }),
    backendUrl: setting("ANTIBOT_CAPJS_BACKEND_URL", {
      check: originCheck,
      default: "",
      help: "The origin at which this server reaches the Cap server; by default frontendUrl.",
    }),
  },
} satisfies Record<ProviderName, AnyTable>;

/** The providers' part of the gate's options. */
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
