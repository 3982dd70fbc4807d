import { bunkernetServerTable } from "../../src/bunkernet-server/options.js";
import { guardTable } from "../../src/connections/guard-server.js";
import { sharedTable } from "../../src/engine/shared-options.js";
import type { AnyTable } from "../../src/options/table.js";
import { themeTable } from "../../src/pages/theme.js";
import { redisTable } from "../../src/redis/redis-options.js";
import { OPTION_TABLES } from "../../src/settings/catalogue.js";
import { textOf } from "../../src/settings/setting-text.js";
import { memoryTable } from "../../src/store/memory/memory-options.js";
import { streamTable } from "../../src/stream/stream-guard.js";
import { cell, code, markdownTable } from "./markdown-table.js";

const INTRODUCTION = `# Options

\`bunker()\` takes every option on this page down to BunkerNet's. \`antibot()\`, \`badBehavior()\`, \`dnsbl()\` and \`bunkernet()\` alone
take the options of their own section without its prefix (\`threshold\` instead of \`badBehavior.threshold\`), and those of
"Shared options"; \`antibot()\` also takes \`sessions\`. \`streamGuard()\` takes the shared options and those of its own section.

Times are in seconds where nothing else is said. _Setting_ is BunkerWeb's name for the option: [settings.md](settings.md). All
wrong options are reported in one error at start-up: [\`ERR_BUNKER_OPTIONS\`](errors.md#err_bunker_options). This page is generated
from the tables that check the options (\`node scripts/make-docs.mjs\`).
`;

const EVENTS = `## Events

\`events\` holds listeners by type: \`denied\`, \`challenged\`, \`solved\`, \`failed\`, \`banned\`, \`unbanned\`, \`reported\` and \`fault\`. An event
is \`{ type, time, id, ip, service, protection, reason, data, mode, method?, path?, status? }\`.
Each event is also published on a [diagnostics channel](metrics.md#diagnostics-channels) of Node.
`;

/** Option groups that are described in a text instead of a row. */
const HIDDEN = new Set(["events", "antibot.sessions"]);

type Section = readonly [title: string, prefix: string, table: AnyTable];

/** Texts for defaults that are not plain values. */
const DEFAULTS: Readonly<Record<string, string>> = {
  badBehavior: "on",
  bunkernet: "on",
  store: "one per process, in memory",
  logger: "console",
  now: "Date.now",
};

/** Returns docs/options.md, the list of all options, in Markdown. */
export function optionsPage(): string {
  const sections: readonly Section[] = [
    ...OPTION_TABLES.map(([part, prefix, table]): Section => [
      part === "General" ? "Shared options" : part,
      prefix,
      table,
    ]),
    ["Theme", "theme.", themeTable],
    ["guard(server)", "", guardTable],
    ["streamGuard(server)", "", ownPart(streamTable, sharedTable)],
    ["MemoryStore", "", memoryTable],
    ["RedisStore", "", redisTable],
    ["bunkernetServer()", "", bunkernetServerTable],
  ];
  const titles = [...new Set(sections.map(([title]) => title))];
  const groups = new Set(sections.map(([, prefix]) => prefix));
  const parts = titles.map((title) => {
    const rows = sections.filter((section) => section[0] === title).flatMap(rowsOf);
    const shown = rows.filter(
      ([option]) => !groups.has(`${option as string}.`) && !HIDDEN.has(option as string),
    );
    const cells = shown.map(([option, ...others]) => [code(option as string), ...others]);
    return `## ${title}\n\n${markdownTable([["Option", "Setting", "Default", ""], ...cells])}\n`;
  });
  return [INTRODUCTION, ...parts, EVENTS].join("\n");
}

function rowsOf([, prefix, table]: Section): string[][] {
  return Object.entries(table).map(([name, { setting = "", check, default: value, help }]) => {
    const start: unknown = typeof value === "function" ? (value as () => unknown)() : value;
    const allowed = check.allowed.replace(
      /^true, false, or an object of .*$/,
      "true, false, or an object of its options",
    );
    return [
      prefix + name,
      code(setting),
      prefix === "" && name in DEFAULTS ? cell(DEFAULTS[name] ?? "") : code(defaultText(start)),
      cell(`${help} Allowed: ${allowed}.`),
    ];
  });
}

function defaultText(value: unknown): string {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string" && value !== "") return JSON.stringify(value);
  const fields = typeof value === "object" && value?.constructor === Object ? Object.entries(value) : [];
  if (fields.length > 0 && fields.every(([, field]) => typeof field === "number"))
    return `{ ${fields.map(([name, field]) => `${name}: ${String(field)}`).join(", ")} }`;
  return textOf(value) ?? "";
}

function ownPart(table: object, shared: object): AnyTable {
  return Object.fromEntries(Object.entries(table).filter(([name]) => !(name in shared)));
}
