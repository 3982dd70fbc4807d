// @ts-check
// The folders of src/ in layers, lowest first: a folder imports from lower layers only, never from higher ones and never from the
// other folders of its layer. eslint.config.mjs turns this into lint rules; a test compares it with docs/architecture.md.

/** The folders of each layer; a name that ends in ".ts" is a file in src/ itself. */
export const LAYERS = [
  ["errors.ts"],
  ["optional-package.ts", "printable.ts", "version.ts", "with-timeout.ts"],
  ["awaitable.ts", "recent-map.ts", "service-name.ts", "address", "browser"],
  ["pattern", "http"],
  ["options"],
  ["dns", "lists", "pages", "store"],
  ["events"],
  ["bans", "redis"],
  ["request"],
  ["engine"],
  ["antibot", "bad-behavior", "dnsbl", "bunkernet", "bunkernet-server", "connections"],
  ["control"],
  ["bunker"],
  ["stream", "settings"],
  ["cli"],
  ["index.ts"],
];
