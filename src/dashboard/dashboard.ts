import type { IncomingMessage, ServerResponse } from "node:http";
import type { Middleware } from "../engine/engine.js";
import { messageOf } from "../errors.js";
import { allProblemsAtOnce } from "../options/table.js";
import { printable } from "../printable.js";
import { isSameOriginPost } from "../request/origin.js";
import { viewOf } from "../request/request-view.js";
import { ApiCall } from "./api-call.js";
import { ApiError, problemOf } from "./api-error.js";
import { CsrfTokens, isCrossSite } from "./csrf.js";
import { LiveStream } from "./live-stream.js";
import { noteAddress } from "./operator-address.js";
import { readDashboardOptions, type Authorize, type DashboardOptions } from "./options.js";
import { send, sendJson, setSecurityHeaders } from "./respond.js";
import { routeOf } from "./routes.js";
import { StaticFiles } from "./static-files.js";
import { TURNS } from "./turns.js";
import { Watched } from "./watched.js";

/** The result of {@link dashboard}. */
export type Dashboard = Middleware & {
  /** Ends the streams of open pages, and saves and ends the history. The guard stays open; closing the guard does the same. */
  close(): Promise<void>;
};

/**
 * Returns a page for operators as middleware for one path: who is refused and why, live and up to 30 days back, all bans, and what is
 * known of an address; bans, unbans and the mode are a click away. Mount it before the guard, so that no ban and no challenge can keep
 * operators from it. The history of the guard is recorded from this call on. The page is self-contained and asks no other site for anything.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option; `authorize` is required
 * @example
 * const guard = bunker({ store });
 * app.use("/_bunker", dashboard({ bunker: guard, authorize: basicAuth({ users: { admin: process.env.DASHBOARD_PASSWORD } }) }));
 * app.use(guard);
 */
export function dashboard(options: DashboardOptions): Dashboard {
  const { bunker, authorize } = allProblemsAtOnce((report) => readDashboardOptions(options, report));
  const page = new DashboardPage(new Watched(bunker), authorize);
  const middleware: Middleware = (req, res) => void page.respond(req, res);
  return Object.assign(middleware, { close: () => page.close() });
}

/** Serves the page, its files and its API. */
class DashboardPage {
  private readonly files = new StaticFiles();
  private readonly stream: LiveStream;
  private readonly tokens: CsrfTokens;

  constructor(
    private readonly watched: Watched,
    private readonly authorize: Authorize,
  ) {
    const { context } = watched;
    this.stream = new LiveStream(watched);
    this.tokens = new CsrfTokens(context.store, () => watched.now());
    context.beforeClose(() => this.close());
  }

  async close(): Promise<void> {
    this.stream.close();
    await this.watched.close();
  }

  /** Never rejects. */
  async respond(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      setSecurityHeaders(res);
      this.look(req);
      if (!(await this.isAllowed(req, res))) return;
      await this.serve(req, res);
    } catch (error) {
      this.failed(req, res, error);
    }
  }

  // The address counts for wrong passwords. A request that the guard has judged before could have been refused by it.
  private look(req: IncomingMessage): void {
    const { context, engine } = this.watched;
    const view = viewOf(req);
    if (view.banHandler !== undefined) {
      // Whatever is answered here is no bad behaviour.
      view.ownResponse ??= "refused";
      context.events.warn(
        "WRN_BUNKER_DASHBOARD",
        "the dashboard is mounted behind the guard: a ban or a challenge can keep operators from it; mount it before app.use(guard)",
      );
    }
    noteAddress(req, view.client(context.resolver, engine.apps.of(req)).key);
  }

  private async isAllowed(req: IncomingMessage, res: ServerResponse): Promise<boolean> {
    // Callers in JavaScript may return anything: only `true` opens the page.
    const isAllowed = ((await this.authorize(req, res)) as unknown) === true;
    if (isAllowed) return !res.headersSent;
    if (!res.headersSent) throw new ApiError(403, "forbidden", "you may not use this page");
    if (req.headers.authorization !== undefined) this.note(req, `was refused (${res.statusCode})`);
    return false;
  }

  private note(req: IncomingMessage, what: string): void {
    const { context } = this.watched;
    const ip = viewOf(req).client(context.resolver).ip;
    context.events.notice({
      level: "warn",
      event: "dashboard",
      message: `a request for the dashboard from ${ip} ${what}`,
      fields: { ip },
    });
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    // Clients may name the host in the request line, and Express keeps it.
    const target = (req.url ?? "/").replace(/^https?:\/\/[^/?]*/i, "");
    const [path = "", ...search] = target.split("?");
    if (path.startsWith("/api/")) {
      await this.call(req, res, path.slice("/api/".length), search.join("?"));
      return;
    }
    if (req.method !== "GET" && req.method !== "HEAD") {
      send(req, res, { status: 405, type: "text/plain", body: "", headers: { Allow: "GET, HEAD" } });
      return;
    }
    if (path.startsWith("/static/") && this.files.serve(path.slice("/static/".length), req, res)) return;
    if (path !== "/" && path !== "") throw new ApiError(404, "not_found", "there is no such page");
    this.page(req, res);
  }

  // The page's own addresses are relative to the mount path, which needs a slash at its end for that.
  private page(req: IncomingMessage, res: ServerResponse): void {
    const { originalUrl = req.url ?? "/" } = req as { readonly originalUrl?: string };
    const [mount = ""] = originalUrl.split("?");
    if (mount.endsWith("/")) {
      send(req, res, { status: 200, type: "text/html; charset=utf-8", body: this.files.shell });
      return;
    }
    const last = mount.slice(mount.lastIndexOf("/") + 1);
    // Only an app without a framework leaves nothing.
    if (last === "") throw new ApiError(404, "not_found", "the page has a slash at the end of its address");
    send(req, res, { status: 308, type: "text/plain", body: "", headers: { Location: `./${last}/` } });
  }

  private async call(req: IncomingMessage, res: ServerResponse, path: string, search: string): Promise<void> {
    const method = req.method ?? "GET";
    const found = routeOf(method, path);
    if (found === undefined) throw new ApiError(404, "not_found", "there is no such call");
    if ("allow" in found) {
      res.setHeader("Allow", found.allow.join(", "));
      throw new ApiError(405, "bad_request", `use ${found.allow.join(" or ")}`);
    }
    if (isCrossSite(req)) throw new ApiError(403, "forbidden", "requests of other sites are refused");
    if (method !== "GET" && method !== "HEAD" && !(await this.isFromPage(req)))
      throw new ApiError(403, "forbidden", "the token is missing, wrong or too old: load the page again");
    const { watched, stream, tokens } = this;
    // Many calls at once must not keep requests of visitors waiting.
    await TURNS.next();
    const call = new ApiCall(req, res, search, found.subject);
    const result: unknown = await found.route({ watched, stream, tokens }, call, res);
    if (result === undefined) return;
    if (method !== "GET" && method !== "HEAD") this.note(req, `did ${method} ${printable(path, 128)}`);
    sendJson(req, res, method === "POST" && path === "bans" ? 201 : 200, result);
  }

  private async isFromPage(req: IncomingMessage): Promise<boolean> {
    return isSameOriginPost(viewOf(req)) && this.tokens.isRight(req.headers["x-bunker-csrf"]);
  }

  private failed(req: IncomingMessage, res: ServerResponse, error: unknown): void {
    if (res.headersSent) {
      res.destroy();
      return;
    }
    const { status, body } = problemOf(error);
    if (status === 500)
      this.watched.context.events.notice({
        level: "error",
        event: "dashboard",
        message: `the dashboard failed: ${printable(messageOf(error), 256)}`,
        fields: {},
      });
    sendJson(req, res, status, body);
  }
}
