import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { bunker, type Bunker } from "../../bunker/bunker.js";
import { MemoryStore } from "../../store/memory-store.js";
import { CliError } from "../exit-code.js";
import { missingPage, sitePage } from "./pages.js";

type Handler = (req: IncomingMessage, res: ServerResponse, next: () => void) => void;

/** The parts of Express that are used. */
interface App extends RequestListener {
  set(name: string, value: string): void;
  use(handler: Handler): void;
  get(path: string, handler: Handler): void;
}

/** A sample site behind all that contacts nobody. */
export function demoSite(): { app: RequestListener; guard: Bunker } {
  const app = loadExpress()();
  const guard = bunker({
    store: new MemoryStore(),
    // On by default, and then addresses are shared; a sample site contacts nobody.
    bunkernet: false,
    resolver: NO_DNS,
    sessions: { secret: randomBytes(32).toString("hex") },
    // Programs that call the API cannot solve a challenge; bans hold there all the same.
    antibot: { challenge: "javascript", ignoreUri: ["^/api/"] },
    badBehavior: { threshold: 10, countTime: 60, banTime: 600 },
  });
  // X-Forwarded-For from this machine alone: that is how the printed commands play different addresses.
  app.set("trust proxy", "loopback");
  app.use(guard);
  app.get("/", (_req, res) => html(res, 200, sitePage()));
  app.get("/api/hello", (req, res) => json(res, 200, { hello: (req as { ip?: string }).ip }));
  app.use((req, res) => {
    const url = req.url ?? "/";
    if (url.startsWith("/api/")) json(res, 404, { error: "not found" });
    else html(res, 404, missingPage(url));
  });
  return { app, guard };
}

const nobody = (): Promise<never> => Promise.reject(new Error("the demo asks nobody"));
const NO_DNS = { resolve4: nobody, resolve6: nobody, resolveTxt: nobody, reverse: nobody };

function html(res: ServerResponse, status: number, page: string): void {
  res.writeHead(status, { "Content-Type": "text/html; charset=utf-8" }).end(page);
}

function json(res: ServerResponse, status: number, value: unknown): void {
  res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

function loadExpress(): () => App {
  // From the folder that the program was called in first: run by npx, it lies elsewhere than the app's own packages.
  for (const from of [`${process.cwd()}/`, __filename]) {
    try {
      return createRequire(from)("express") as () => App;
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      if (code !== "MODULE_NOT_FOUND" || message?.includes("'express'") !== true) throw error;
    }
  }
  throw new CliError("the demo takes a package that is not installed: npm install express");
}
