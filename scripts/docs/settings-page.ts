import { describeSettings, type SettingDescription } from "../../src/settings/describe-settings.js";
import { cell, code, markdownTable } from "./markdown-table.js";

const INTRODUCTION = `# Settings

\`loadSettings\` reads BunkerWeb's settings into the options of \`bunker()\`:

\`\`\`js
app.use(bunker(loadSettings(process.env)));
\`\`\`

It takes \`process.env\`, an object, or the path of a \`.yml\`, \`.yaml\`, \`.json\` or \`.env\` file or of BunkerWeb's
\`variables.env\`. YAML files take the package \`yaml\`, \`.env\` files the package \`dotenv\`. A YAML or JSON file holds the
settings at its top, below \`environment\`, or is a compose file: then the environment of \`bw-scheduler\`, of \`bunkerweb\`, or of
the only service that has one is read.

- A wrong value is an error, not a default. All errors come at once, as \`BunkerSettingsError\`
  ([\`ERR_BUNKER_SETTINGS\`](errors.md#err_bunker_settings)), each with the setting, its value (never a secret's), what is allowed, and
  where it came from. \`error.problems\` has the same as data.
- A misspelt name below \`ANTIBOT_\`, \`BAD_BEHAVIOR_\`, \`DNSBL_\`, \`BUNKERNET_\` or \`SESSIONS_\`, or close to one of our \`USE_…\`, is an
  error, too. Settings of BunkerWeb's other plugins are ignored with one warning; all other names are none of our business.
- \`SETTING_FILE\` names a file that holds the value, as Docker's secrets do.
- Settings marked _multiple_ may be given as \`NAME\`, \`NAME_1\`, \`NAME_2\`, …; what they list is put together.
- Lists are separated by spaces. A pattern cannot hold a space: write \`\\x20\`.
- _Context_: a \`multisite\` setting may be given for each service: [multisite.md](multisite.md).
- With \`USE_REDIS=yes\` the options hold a \`store\` that shares bans with a BunkerWeb on the same Redis. It connects at once; close it
  when you close the app. \`loadSettings(source, { createStore })\` makes another.

Options that have no setting are given in code: \`bunker({ ...loadSettings(process.env), trustProxy: "10.0.0.0/8" })\`. Behind a proxy that is
needed, or Express's \`trust proxy\`: BunkerWeb's \`REAL_IP_…\` settings are among those that are ignored, and name proxies in front of
BunkerWeb ([proxies.md](proxies.md)). A group of options that is given in this way (such as \`antibot\`) replaces the settings' whole group. To test
settings before the app does: \`npx express-bunker settings --check FILE\`.

\`explainSettings(source)\` returns every setting's value and where it came from, and \`describeSettings()\` returns the contents of
this page.

Differences from BunkerWeb: DNSBL is off by default and a listing bans; \`BAD_BEHAVIOR_BAN_SCOPE\` may differ between services;
\`SERVER_NAME\` is empty by default, so that every Host is served; \`WHITELIST_IP\` works without \`USE_WHITELIST\`; Redis's certificate is
checked unless \`REDIS_SSL_VERIFY=no\`.
`;

/** Returns docs/settings.md, the list of all settings, in Markdown. */
export function settingsPage(): string {
  const parts = new Map<string, SettingDescription[]>();
  for (const setting of describeSettings())
    parts.set(setting.part, [...(parts.get(setting.part) ?? []), setting]);
  return [INTRODUCTION, ...[...parts].map(([part, settings]) => `## ${part}\n\n${tableOf(settings)}\n`)].join(
    "\n",
  );
}

function tableOf(settings: readonly SettingDescription[]): string {
  const rows = settings.map(({ name, option, default: text, context, multiple, allowed, help }) => [
    code(name),
    code(option),
    code(text),
    multiple ? `${context}, multiple` : context,
    cell(`${help} Allowed: ${allowed}.`),
  ]);
  return markdownTable([["Setting", "Option", "Default", "Context", ""], ...rows]);
}
