import type { ReportProblem } from "../../../options/check.js";
import type { AnyTable } from "../../../options/table.js";
import { PROVIDER_TABLES, type ProvidersResolved } from "./options.js";
import { leadsToCheckbox } from "./recaptcha.js";
import { TEST_SECRETS, type ProviderName } from "./provider.js";

/** The page where each provider issues keys, and the options that it cannot do without. */
const NEEDS: Readonly<
  Record<ProviderName, { readonly page: string; options: (all: ProvidersResolved) => readonly string[] }>
> = {
  recaptcha: {
    page: "https://www.google.com/recaptcha/admin",
    options: ({ recaptcha }) => [
      "siteKey",
      ...(recaptcha.classic ? ["secret"] : ["projectId", "apiKey"]),
      ...(leadsToCheckbox(recaptcha) && recaptcha.version === "v3"
        ? ["checkboxSiteKey", ...(recaptcha.classic ? ["checkboxSecret"] : [])]
        : []),
    ],
  },
  hcaptcha: { page: "https://dashboard.hcaptcha.com", options: () => ["siteKey", "secret"] },
  turnstile: {
    page: "https://dash.cloudflare.com/?to=/:account/turnstile",
    options: () => ["siteKey", "secret"],
  },
  mcaptcha: { page: "https://mcaptcha.org", options: () => ["siteKey", "secret", "url"] },
  capjs: {
    page: "https://capjs.js.org/guide/standalone",
    options: () => ["siteKey", "secret", "frontendUrl"],
  },
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

export function isProviderName(name: string): name is ProviderName {
  return Object.hasOwn(NEEDS, name);
}

/** Reports missing keys of a provider, and test secrets in production. */
export function checkProvider(
  name: ProviderName,
  options: ProvidersResolved,
  at: (name: string) => string,
  report: ReportProblem,
): void {
  const values = options[name] as unknown as Readonly<Record<string, string | undefined>>;
  const table: AnyTable = PROVIDER_TABLES[name];
  const { page, options: needed } = NEEDS[name];
  for (const option of needed(options)) {
    if (values[option] !== "") continue;
    const setting = table[option]?.setting;
    report({
      path: at(`${name}.${option}`),
      value: undefined,
      allowed: `the ${WORDS[option] ?? option} that "${name}" needs (${setting === undefined ? "" : `setting ${setting}; `}from ${page})`,
    });
  }
  if (process.env["NODE_ENV"] !== "production") return;
  for (const option of ["secret", "checkboxSecret"]) {
    if (!TEST_SECRETS.has(values[option] ?? "")) continue;
    report({
      path: at(`${name}.${option}`),
      value: "(hidden)",
      allowed: `a secret of your own from ${page}: this one is for tests and accepts any token, and NODE_ENV is production`,
    });
  }
}
