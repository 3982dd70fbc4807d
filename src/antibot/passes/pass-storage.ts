import type { Client } from "../../request/client.js";
import { messageOf } from "../../errors.js";
import { RecentMap } from "../../recent-map.js";
import type { RequestView } from "../../request/request-view.js";
import type { Context } from "../../engine/context.js";
import { DEFAULT_SERVICE } from "../../service-name.js";
import type { Awaitable } from "../../awaitable.js";
import type { GateCrypto } from "../gate-crypto.js";
import type { AntibotResolved } from "../options.js";
import { keepInSession, passIn, sessionOf } from "./request-session.js";

/** A session that was given a pass and comes back within this time without one does not last, in ms. */
const LOST_WITHIN = 60_000;

/** Keeps passes where `sessions.keep` says: in a cookie of ours, or in express-session's session. */
export class PassStorage {
  private readonly inSession: boolean;
  private readonly given = new RecentMap<string, number>(4096);

  constructor(
    private readonly context: Context,
    private readonly options: AntibotResolved,
  ) {
    this.inSession = options.sessions.keep === "express-session";
  }

  /** What might be a pass of this visitor's. */
  read(client: Client, request: RequestView, service: string, tools: GateCrypto): readonly string[] {
    const cookies = tools.cookies.passes(client, request, service);
    if (!this.inSession) return cookies;
    const session = sessionOf(request);
    const pass = session && passIn(session, service);
    return pass === undefined ? cookies : [pass, ...cookies];
  }

  /**
   * Keeps a pass; answers the cookies to set for it. Where the session cannot keep it, a cookie of ours does, so that a
   * mistake in the app's set-up leads nobody in circles.
   *
   * @param browser the id of the visitor's browser cookie
   */
  keep(
    client: Client,
    request: RequestView,
    service: string,
    pass: string,
    tools: GateCrypto,
    browser: string,
  ): Awaitable<string[]> {
    return this.inSession
      ? this.keepInSession(client, request, service, pass, tools, browser)
      : [this.cookie(client, request, service, pass, tools)];
  }

  /** Says once that a visitor brought a pass that another secret made: several instances must have the same. */
  noteForeign(request: RequestView, tools: GateCrypto): void {
    const header = request.raw.headers.cookie;
    if (header === undefined) return;
    const services = [DEFAULT_SERVICE, ...this.context.options.services.keys()];
    if (typeof this.context.options.service === "string") services.push(this.context.options.service);
    if (!tools.cookies.hasForeignPass(header, services)) return;
    this.context.events.warn(
      "WRN_BUNKER_FOREIGN_PASS",
      `a visitor brought a pass called ${this.options.sessions.name} that no secret of this instance made: give all instances the same sessions.secret and sessions.name, or, for another app on this host, another name`,
    );
  }

  private async keepInSession(
    client: Client,
    request: RequestView,
    service: string,
    pass: string,
    tools: GateCrypto,
    browser: string,
  ): Promise<string[]> {
    const fallback = (): string[] => [this.cookie(client, request, service, pass, tools)];
    if (sessionOf(request) === undefined) {
      this.context.events.warn(
        "WRN_BUNKER_SESSION",
        "sessions.keep is express-session, but requests reach the gate without req.session: mount app.use(session(…)) before the gate. Until then passes are kept in cookies",
      );
      return fallback();
    }
    const now = this.context.now();
    const before = this.given.get(browser);
    this.given.set(browser, now);
    if (before !== undefined && now - before < LOST_WITHIN) {
      this.context.events.warn(
        "WRN_BUNKER_SESSION_LOST",
        "a session that was given a pass came back without it: look at the session's store, and at cookie.secure on plain http or behind a proxy. The pass is kept in a cookie instead",
      );
      return fallback();
    }
    try {
      await keepInSession(request, service, pass);
      return [];
    } catch (error) {
      this.context.emit(
        "fault",
        { protection: "antibot", reason: "session", data: messageOf(error) },
        client,
        request,
      );
      return fallback();
    }
  }

  private cookie(
    client: Client,
    request: RequestView,
    service: string,
    pass: string,
    tools: GateCrypto,
  ): string {
    return tools.cookies.setPass(client, request, service, pass, this.options.timeValid);
  }
}
