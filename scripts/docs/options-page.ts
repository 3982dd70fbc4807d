import { bunkernetServerTable } from "../../src/bunkernet-server/options.js";
import { connectionTable } from "../../src/connections/options.js";
import type { AnyTable } from "../../src/options/table.js";
import { themeTable } from "../../src/pages/theme.js";
import { redisTable } from "../../src/redis/redis-options.js";
import { OPTION_TABLES } from "../../src/settings/catalogue.js";
import { textOf } from "../../src/settings/setting-text.js";
import { cell, code, markdownTable } from "./markdown-table.js";

const INTRODUCTION = `# Options

\`bunker()\` takes every option on this page down to BunkerNet's. \`antibot()\`, \`badBehavior()\`, \`dnsbl()\` and \`bunkernet()\` alone
take the options of their own section without its prefix (\`threshold\` instead of \`badBehavior.threshold\`), and those of
"Shared options"; \`antibot()\` also takes \`sessions\`.

Times are in seconds where nothing else is said. _Setting_ is BunkerWeb's name for the option: [settings.md](settings.md). All
wrong options are reported in one error at start-up: [\`ERR_BUNKER_OPTIONS\`](errors.md#err_bunker_options). This page is generated
from the tables that check the options (\`node scripts/make-docs.mjs\`).
`;

const EVENTS = `## Events

\`events\` holds listeners by type: \`denied\`, \`challenged\`, \`solved\`, \`failed\`, \`banned\`, \`unbanned\`, \`reported\` and \`fault\`. An event
is \`{ type, time, id, ip, service, protection, reason, data, mode, method?, path? }\`.
`;

type Section = readonly [title: string, prefix: string, table: AnyTable];

/** Defaults that are no plain value. */
const DEFAULTS: Readonly<Record<string, string>> = {
  store: "one per process, in memory",
  logger: "console",
  now: "Date.now",
};

/** The page of the docs that lists every option, in Markdown. */
export function optionsPage(): string {
  const sections: readonly Section[] = [
    ...OPTION_TABLES.map(([part, prefix, table]): Section => [
      part === "General" ? "Shared options" : part,
      prefix,
      table,
    ]),
    ["Theme", "theme.", themeTable],
    ["guard(server)", "connections.", connectionTable],
    ["RedisStore", "", redisTable],
    ["bunkernetServer()", "", bunkernetServerTable],
  ];
  const titles = [...new Set(sections.map(([title]) => title))];
  const parts = titles.map((title) => {
    const rows = sections.filter((section) => section[0] === title).flatMap(rowsOf);
    return `## ${title}\n\n${markdownTable([["Option", "Setting", "Default", ""], ...rows])}\n`;
  });
  return [INTRODUCTION, ...parts, EVENTS].join("\n");
}

function rowsOf([, prefix, table]: Section): string[][] {
  return Object.entries(table)
    .filter(([, { check }]) => !check.allowed.startsWith("an object of "))
    .map(([name, { setting = "", check, default: value, help }]) => {
      const start: unknown = typeof value === "function" ? (value as () => unknown)() : value;
      return [
        code(prefix + name),
        code(setting),
        prefix === "" && name in DEFAULTS ? cell(DEFAULTS[name] ?? "") : code(defaultText(start)),
        cell(`${help} Allowed: ${check.allowed}.`),
      ];
    });
}

function defaultText(value: unknown): string {
  if (typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? JSON.stringify(value) : (textOf(value) ?? "");
}
