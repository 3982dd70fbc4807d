// @ts-check
// The folders of src/ in layers, lowest first. A folder imports only from lower layers, never from higher ones or from other
// folders of its own layer. eslint.config.mjs makes lint rules of this, and a test compares it with docs/architecture.md.

/** The folders of each layer; a name that ends in ".ts" is a file in src/ itself. */
export const LAYERS = [
  ["errors.ts"],
  [
    "cluster-worker.ts",
    "optional-package.ts",
    "printable.ts",
    "test-run.ts",
    "version.ts",
    "with-timeout.ts",
  ],
  [
    "awaitable.ts",
    "back-off.ts",
    "label-limit.ts",
    "meter.ts",
    "recent-map.ts",
    "service-name.ts",
    "token-bucket.ts",
    "address",
    "browser",
  ],
  ["pattern", "http", "log"],
  ["options"],
  ["dns", "lists", "pages", "store"],
  ["events"],
  ["bans", "redis", "alerts"],
  ["request"],
  ["engine"],
  [
    "antibot",
    "bad-behavior",
    "dnsbl",
    "bunkernet",
    "bunkernet-server",
    "connections",
    "history",
    "metrics",
    "warnings",
  ],
  ["control"],
  ["bunker"],
  ["stream", "settings", "dashboard"],
  ["cli"],
  ["index.ts"],
];
