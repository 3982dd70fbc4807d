import express, { type Express, type RequestHandler } from "express";
import session from "express-session";
import {
  antibot,
  SessionStore,
  type Antibot,
  type AntibotOptions,
  type MemoryStore,
  type SharedOptions,
} from "../../../src/index.js";
import { site, type SharedParts, type TestSite } from "../../support/site.js";

export const SECRET = "a secret of enough characters";

declare module "express-session" {
  interface SessionData {
    basket?: string;
  }
}

/** An app with express-session and a gate that keeps its passes there. */
export type SessionSite = TestSite<Antibot>;

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
export function sessionSite(setUp: SetUp = {}): Promise<SessionSite> {
  const make = (shared: SharedParts): Antibot =>
    antibot({
      challenge: "cookie",
      sessions: { keep: "express-session", secret: SECRET },
      ignoreUri: "^/basket$",
      ...shared,
      ...setUp.options,
    });
  return site(make, { store: setUp.store, app: (gate, { store }) => appOf(gate, store, setUp) });
}

function appOf(gate: Antibot, store: MemoryStore, { mounted = "before", session: own }: SetUp): Express {
  const sessions: RequestHandler = session({
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- published types import no optional peer's
    store: new SessionStore(store),
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
    ...own,
  });
  const app = express();
  app.set("trust proxy", "loopback");
  if (mounted === "before") app.use(sessions);
  app.use(gate);
  if (mounted === "after") app.use(sessions);
  app.use((req, res) => {
    const { session: mine } = req as { session?: session.Session & session.SessionData };
    if (req.path === "/basket" && mine !== undefined) mine.basket = "apples";
    res.json({ id: mine?.id, basket: mine?.basket, held: Object.keys(mine ?? {}) });
  });
  return app;
}
