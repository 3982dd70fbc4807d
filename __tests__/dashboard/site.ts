import type { IncomingMessage, ServerResponse } from "node:http";
import express from "express";
import { bunker, type Bunker, type BunkerOptions, type Store } from "../../src/index.js";
import { basicAuth, dashboard, type Authorize, type Dashboard } from "../../src/dashboard/index.js";
import { ask, type Ask, type Got } from "../support/ask.js";
import type { Clock } from "../support/clock.js";
import { plainSite } from "../support/hosts.js";
import { site, type TestSite } from "../support/site.js";

export const PASSWORD = "a password of the tests";
export const MOUNT = "/_bunker";
export const CREDENTIALS = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}`;

/** A site whose dashboard is at {@link MOUNT}, for the user `admin`. */
export interface DashboardSite extends TestSite<Bunker> {
  readonly page: Dashboard;
  /** Makes a request below the mount path as the operator. */
  readonly operate: (path: string, options?: Ask) => Promise<Got>;
  /** Makes a call that changes something, with the token. */
  readonly act: (method: string, path: string, body?: unknown, more?: Ask) => Promise<Got>;
}

/** Serves a site behind `bunker(options)` with its dashboard in front of the guard. */
export async function dashboardSite(
  options: BunkerOptions = {},
  {
    store,
    clock,
    authorize,
    behind = plainSite,
  }: {
    store?: Store;
    clock?: Clock;
    authorize?: Authorize;
    behind?: (req: IncomingMessage, res: ServerResponse) => void;
  } = {},
): Promise<DashboardSite> {
  let page: Dashboard | undefined;
  const made = await site(
    (shared) =>
      bunker({ bunkernet: false, ...shared, ...(store === undefined ? {} : { store }), ...options }),
    {
      store,
      ...(clock === undefined ? {} : { clock }),
      record: ["banned", "unbanned", "denied", "challenged"],
      app: (guard, { now }) => {
        page = dashboard({
          bunker: guard,
          authorize: authorize ?? basicAuth({ users: { admin: PASSWORD }, now }),
        });
        const app = express();
        app.set("trust proxy", "loopback");
        app.use(MOUNT, page);
        app.use(guard);
        app.use(behind);
        return app;
      },
    },
  );
  const operate = (path: string, ours: Ask = {}): Promise<Got> =>
    ask(made.url, `${MOUNT}${path}`, {
      ...ours,
      headers: { Authorization: CREDENTIALS, ...ours.headers },
    });
  const act = async (method: string, path: string, body?: unknown, more: Ask = {}): Promise<Got> => {
    const { csrf } = (await operate("/api/session")).json;
    return operate(path, {
      ...more,
      method,
      headers: {
        "X-Bunker-CSRF": String(csrf),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...more.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  return { ...made, page: page as unknown as Dashboard, operate, act };
}
