import { createServer } from "node:http";
import type { Express } from "express";
import { bunker, type BunkerOptions } from "express-bunker";
import { metrics } from "express-bunker/metrics";
import { serveBunkernet } from "./bunkernet-list.js";
import { EMPTY_ZONES } from "./empty-zones.js";

/** The protections that can be added to bans, in the order in which the cost bench adds them. */
export const PARTS = ["bad-behavior", "gate", "dnsbl", "bunkernet"] as const;

/** A protection of {@link PARTS}. */
export type Part = (typeof PARTS)[number];

/** What can be mounted besides protections. */
export type Watcher = "metrics";

const LISTED = 1_000_000;

/**
 * Mounts bans and `parts`: a BunkerNet list of a million addresses that no client has, blocklists that list no address, and a gate
 * that any browser passes. With `metrics`, the metrics are on, on a port of their own.
 */
export async function mountStack(
  app: Express,
  parts: readonly (Part | Watcher)[],
  shared: Pick<BunkerOptions, "store"> = {},
): Promise<void> {
  const guard = bunker({
    ...shared,
    logger: false,
    badBehavior: parts.includes("bad-behavior"),
    ...(parts.includes("gate") && {
      sessions: { secret: "bench-secret-of-32-characters-xx" },
      antibot: { challenge: "cookie" },
    }),
    ...(parts.includes("dnsbl") && { dnsbl: { list: "list.test" }, resolver: EMPTY_ZONES }),
    bunkernet: parts.includes("bunkernet") && { server: await serveBunkernet(LISTED) },
  });
  await guard.ready();
  if (guard.bunkernet !== undefined) {
    await guard.bunkernet.sync();
    const { entries } = guard.bunkernet.status().list;
    if (entries !== LISTED) throw new Error(`the list has ${entries} entries`);
  }
  if (parts.includes("metrics")) createServer(metrics(guard)).listen(0, "127.0.0.1");
  app.use(guard);
}
