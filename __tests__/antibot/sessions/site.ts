import express, { type RequestHandler } from "express";
import session from "express-session";
import {
  antibot,
  MemoryStore,
  SessionStore,
  type AntibotOptions,
  type SharedOptions,
} from "../../../src/index.js";
import { Clock } from "../../support/clock.js";
import { serve, type Served } from "../../support/hosts.js";

export const SECRET = "a secret of enough characters";

declare module "express-session" {
  interface SessionData {
    basket?: string;
  }
}

/** An app with express-session and a gate that keeps its passes there. */
export interface SessionSite {
  readonly served: Served;
  readonly warnings: string[];
  readonly clock: Clock;
}

/** How the app is put together. */
export interface SetUp {
  readonly options?: Partial<AntibotOptions> & SharedOptions;
  readonly store?: MemoryStore;
  /** Where the session middleware is mounted. */
  readonly mounted?: "before" | "after" | "never";
  /** What the session middleware is told besides. */
  readonly session?: Partial<session.SessionOptions>;
}

/** Serves it. `/basket` puts something into the session; every page says what is in it, and the session's id. */
export async function sessionSite(setUp: SetUp = {}): Promise<SessionSite> {
  const clock = new Clock();
  const warnings: string[] = [];
  const store = setUp.store ?? new MemoryStore({ now: clock.now });
  const heard = (line: string): number => warnings.push(line);
  const gate = antibot({
    challenge: "cookie",
    sessions: { keep: "express-session", secret: SECRET },
    ignoreUri: "^/basket$",
    store,
    now: clock.now,
    logger: { info: () => undefined, warn: heard, error: heard },
    ...setUp.options,
  });
  const sessions: RequestHandler = session({
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- published types import no optional peer's
    store: new SessionStore(store),
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
    ...setUp.session,
  });
  const app = express();
  app.set("trust proxy", "loopback");
  const { mounted = "before" } = setUp;
  if (mounted === "before") app.use(sessions);
  app.use(gate);
  if (mounted === "after") app.use(sessions);
  app.use((req, res) => {
    const { session: mine } = req as { session?: session.Session & session.SessionData };
    if (req.path === "/basket" && mine !== undefined) mine.basket = "apples";
    res.json({ id: mine?.id, basket: mine?.basket, held: Object.keys(mine ?? {}) });
  });
  return { served: await serve(app), warnings, clock };
}
