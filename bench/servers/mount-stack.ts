import { once } from "node:events";
import { createServer, get, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import { bunker, type BunkerOptions } from "express-bunker";
import { dashboard } from "express-bunker/dashboard";
import { metrics } from "express-bunker/metrics";
import { serveBunkernet } from "./bunkernet-list.js";
import { EMPTY_ZONES } from "./empty-zones.js";

/** The protections that can be added to bans, in the order in which the cost bench adds them. */
export const PARTS = ["bad-behavior", "gate", "dnsbl", "bunkernet"] as const;

/** A protection of {@link PARTS}. */
export type Part = (typeof PARTS)[number];

/** What can be mounted besides protections. */
export type Watcher = "logs" | "metrics" | "dashboard";

const LISTED = 1_000_000;

/**
 * Mounts bans and `parts`: a BunkerNet list of a million addresses that no client has, blocklists that list no address, and a gate
 * that any browser passes. With `metrics`, the metrics are on, on a port of their own; with `dashboard`, the dashboard is mounted, and a page
 * of it is open; with `logs`, events are logged (to nowhere).
 */
export async function mountStack(
  app: Express,
  parts: readonly (Part | Watcher)[],
  shared: Pick<BunkerOptions, "store"> = {},
): Promise<void> {
  const guard = bunker({
    ...shared,
    logger: parts.includes("logs") && { info: ignore, warn: ignore, error: ignore },
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
  if (parts.includes("dashboard")) {
    const page = dashboard({ bunker: guard, authorize: () => true });
    app.use("/_bunker", page);
    await openPage((req, res) => page(req, res, ignore));
  }
  if (parts.includes("metrics")) createServer(metrics(guard)).listen(0, "127.0.0.1");
  app.use(guard);
}

function ignore(): void {
  // Where the lines go is the app's affair.
}

// A page that is open takes a sample a second.
async function openPage(page: RequestListener): Promise<void> {
  const server = createServer(page).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  get({ port, host: "127.0.0.1", path: "/api/stream" }, (stream) => stream.resume());
}
