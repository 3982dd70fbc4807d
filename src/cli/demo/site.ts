import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { bunker, type Bunker } from "../../bunker/bunker.js";
import { MemoryStore } from "../../store/memory-store.js";
import { missingPage, PAGES } from "./pages.js";

/** The demo's middleware: protections that contact no other machine and keep everything in memory. */
export function demoGuard(): Bunker {
  return bunker({
    store: new MemoryStore(),
    // BunkerNet is on by default and shares addresses.
    bunkernet: false,
    resolver: NO_DNS,
    sessions: { secret: randomBytes(32).toString("hex") },
    // Clients of the API cannot solve a challenge. Bans apply to them all the same.
    antibot: { challenge: "javascript", ignoreUri: ["^/api/"] },
    badBehavior: { threshold: 10, countTime: 60, banTime: 600 },
    // The printed commands play different addresses with X-Forwarded-For, which is trusted from this machine alone.
    trustProxy: "loopback",
  });
}

/** The sample site: a handler for `node:http`, or the last middleware of an Express app. */
export function demoSite(req: IncomingMessage, res: ServerResponse): void {
  const path = (req.url ?? "/").split("?", 1)[0] as string;
  if (req.method === "POST" && path === "/order") {
    req.resume();
    res.writeHead(303, { Location: "/thanks" }).end();
  } else if (path === "/api/hello") sendJson(res, 200, { hello: req.bunker?.ip });
  else if (path.startsWith("/api/")) sendJson(res, 404, { error: "not found" });
  else sendHtml(res, PAGES[path] === undefined ? 404 : 200, PAGES[path] ?? missingPage(path));
}

const noDns = (): Promise<never> => Promise.reject(new Error("the demo makes no DNS queries"));
const NO_DNS = { resolve4: noDns, resolve6: noDns, resolveTxt: noDns, reverse: noDns };

function sendHtml(res: ServerResponse, status: number, page: string): void {
  res.writeHead(status, { "Content-Type": "text/html; charset=utf-8" }).end(page);
}

function sendJson(res: ServerResponse, status: number, value: unknown): void {
  res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}
