import type { ReportProblem } from "../../../options/check.js";
import type { AnyTable } from "../../../options/table.js";
import { HCAPTCHA_TEST_SECRETS } from "./hcaptcha.js";
import { PROVIDER_TABLES, type ProvidersResolved } from "./options.js";
import { leadsToCheckbox, RECAPTCHA_TEST_SECRETS } from "./recaptcha.js";
import { TURNSTILE_TEST_SECRETS } from "./turnstile.js";
import type { ProviderName } from "./provider.js";

const TEST_SECRETS = new Set([
  ...RECAPTCHA_TEST_SECRETS,
  ...HCAPTCHA_TEST_SECRETS,
  ...TURNSTILE_TEST_SECRETS,
]);

/** The page where each provider issues keys. */
const PAGES: Readonly<Record<ProviderName, string>> = {
  recaptcha: "https://www.google.com/recaptcha/admin",
  hcaptcha: "https://dashboard.hcaptcha.com",
  turnstile: "https://dash.cloudflare.com/?to=/:account/turnstile",
  mcaptcha: "https://mcaptcha.org",
  capjs: "https://capjs.js.org/guide/standalone",
};

/** Whether a challenge is a provider's. */
export function isProviderName(name: string): name is ProviderName {
  return Object.hasOwn(PAGES, name);
}

/** Reports missing keys of a provider, and test secrets in production. */
export function checkProvider(
  name: ProviderName,
  options: ProvidersResolved,
  at: (name: string) => string,
  report: ReportProblem,
): void {
  const group = options[name] as unknown as Readonly<Record<string, string | undefined>>;
  const needed = NEEDED[name](options);
  for (const option of needed) {
    if (group[option] !== "") continue;
    const table: AnyTable = PROVIDER_TABLES[name];
    const setting = table[option]?.setting;
    report({
      path: at(`${name}.${option}`),
      value: undefined,
      allowed: `the ${WORDS[option] ?? option} that "${name}" needs (${setting === undefined ? "" : `setting ${setting}; `}from ${PAGES[name]})`,
    });
  }
  if (process.env["NODE_ENV"] !== "production") return;
  for (const option of ["secret", "checkboxSecret"]) {
    if (!TEST_SECRETS.has(group[option] ?? "")) continue;
    report({
      path: at(`${name}.${option}`),
      value: "(hidden)",
      allowed: `a secret of your own from ${PAGES[name]}: this one is for tests and accepts any token, and NODE_ENV is production`,
    });
  }
}

const NEEDED: Readonly<Record<ProviderName, (options: ProvidersResolved) => readonly string[]>> = {
  recaptcha: ({ recaptcha }) => [
    "siteKey",
    ...(recaptcha.classic ? ["secret"] : ["projectId", "apiKey"]),
    ...(leadsToCheckbox(recaptcha) && recaptcha.version === "v3"
      ? ["checkboxSiteKey", ...(recaptcha.classic ? ["checkboxSecret"] : [])]
      : []),
  ],
  hcaptcha: () => ["siteKey", "secret"],
  turnstile: () => ["siteKey", "secret"],
  mcaptcha: () => ["siteKey", "secret", "url"],
  capjs: () => ["siteKey", "secret", "frontendUrl"],
};

const WORDS: Readonly<Record<string, string>> = {
  siteKey: "site key",
  secret: "secret",
  projectId: "Google Cloud project id",
  apiKey: "Google Cloud API key",
  checkboxSiteKey: "site key of a v2 checkbox",
  checkboxSecret: "secret of the v2 checkbox",
  url: "URL of the instance",
  frontendUrl: "origin of the Cap server",
};
