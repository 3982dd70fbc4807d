import type { ServerResponse } from "node:http";
import { packageVersion } from "../version.js";
import type { Session } from "./api.js";
import type { ApiCall } from "./api-call.js";
import { addBan, changeBan, removeBan } from "./ban-actions.js";
import type { CsrfTokens } from "./csrf.js";
import { exportBans } from "./export.js";
import type { LiveStream } from "./live-stream.js";
import { addressDetails } from "./reports/address.js";
import { bansPage } from "./reports/bans.js";
import { eventsPage, eventTypesOf } from "./reports/events.js";
import { modeState } from "./reports/mode.js";
import { overview } from "./reports/overview.js";
import { protections } from "./reports/protections.js";
import { reference } from "./reports/reference.js";
import { settings } from "./reports/settings.js";
import type { Watched } from "./watched.js";

/** What a route works with. */
export interface RouteParts {
  readonly watched: Watched;
  readonly stream: LiveStream;
  readonly tokens: CsrfTokens;
}

/** Returns what is sent as JSON; `undefined` = the route has responded by itself. */
type Route = (parts: RouteParts, call: ApiCall, res: ServerResponse) => unknown;

const RANGES = ["1h", "24h", "7d", "30d"] as const;

/** The routes below `api/`, by method and path; `*` stands for one part of the path. */
const ROUTES: Readonly<Record<string, Route>> = {
  "GET session": ({ watched, tokens }) => session(watched, tokens),
  "GET overview": async ({ watched, stream }, call) =>
    overview(watched, call.oneOf("range", RANGES, "1h"), await stream.now()),
  "GET stream": ({ stream }, call, res) => stream.add(call.req, res),
  "GET events": ({ watched }, call) =>
    eventsPage(watched, {
      types: eventTypesOf(call.text("types")),
      ip: call.text("ip"),
      service: call.text("service"),
      protection: call.text("protection"),
      after: call.text("after"),
      limit: call.integer("limit", 200, 50),
    }),
  "GET protections": ({ watched }, call) => protections(watched, call.oneOf("range", RANGES, "24h")),
  "GET bans": ({ watched }, call) =>
    bansPage(watched, {
      search: call.text("search")?.trim() ?? "",
      reason: call.text("reason"),
      service: call.text("service"),
      after: call.text("after"),
      limit: call.integer("limit", 200, 50),
      isOver: call.isOver,
    }),
  "POST bans": ({ watched }, call) => addBan(watched, call),
  "GET bans/export": ({ watched }, call, res) => exportBans(watched, call, res),
  "PATCH bans/*": ({ watched }, call) => changeBan(watched, call),
  "DELETE bans/*": ({ watched }, call) => removeBan(watched, call),
  "GET addresses/*": ({ watched }, call) =>
    addressDetails(watched, {
      text: call.subject,
      path: call.text("path") ?? "/",
      service: call.text("service"),
      lookup: call.text("lookup") === "1",
      isOver: call.isOver,
    }),
  "GET references/*": ({ watched }, call) => reference(watched, call.subject, call.isOver),
  "GET settings": ({ watched }) => settings(watched),
  "POST mode": async ({ watched }, call) => {
    const body = await call.body();
    const mode = body.oneOf("mode", ["block", "detect", "configured"]) ?? body.required("mode", 16);
    const seconds = body.seconds("for", 31_536_000);
    await watched.guard.mode(mode as "block", seconds === undefined ? {} : { for: seconds });
    return modeState(watched);
  },
};

/** Finds the route of a call, and what stands in the place of `*`. */
export function routeOf(
  method: string,
  path: string,
): { readonly route: Route; readonly subject: string } | { readonly allow: readonly string[] } | undefined {
  const reads = method === "HEAD" ? "GET" : method;
  const [first = "", second, ...more] = path.split("/");
  if (more.length > 0) return undefined;
  const patterns = second === undefined ? [first] : [path, `${first}/*`];
  for (const pattern of patterns) {
    const route = ROUTES[`${reads} ${pattern}`];
    if (route !== undefined) return { route, subject: pattern.endsWith("*") ? decoded(second ?? "") : "" };
  }
  const allow = Object.keys(ROUTES).flatMap((name) => {
    const [verb = "", pattern = ""] = name.split(" ");
    return patterns.includes(pattern) ? [verb] : [];
  });
  return allow.length === 0 ? undefined : { allow };
}

async function session(watched: Watched, tokens: CsrfTokens): Promise<Session> {
  const { guard, geo, options } = watched;
  const { services } = options.setup.common;
  return {
    csrf: await tokens.make(),
    version: packageVersion(),
    now: watched.now(),
    mode: modeState(watched),
    services: [...services.keys()],
    parts: {
      antibot: guard.antibot !== undefined,
      dnsbl: guard.dnsbl !== undefined,
      bunkernet: guard.bunkernet !== undefined,
      badBehavior: guard.badBehavior !== undefined,
      geo: geo.isOn,
    },
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
