import { randomBytes } from "node:crypto";
import type { Awaitable } from "../../awaitable.js";
import type { Context } from "../../engine/context.js";
import type { Grounds } from "../../engine/protection.js";
import { messageOf } from "../../errors.js";
import { HOUR_MS } from "../../events/active-warnings.js";
import type { BunkerEvent } from "../../events/event-bus.js";
import { RecentMap } from "../../recent-map.js";
import type { Client } from "../../request/client.js";
import { requestOrigin } from "../../request/event-origin.js";
import type { RequestView } from "../../request/request-view.js";
import { DEFAULT_SERVICE } from "../../service-name.js";
import type { GateCrypto } from "../gate-crypto.js";
import type { AntibotResolved } from "../options.js";
import { PassSigner, RENEWED_AFTER, type Verified } from "./pass-signer.js";
import { keepInSession, passIn, sessionOf } from "./request-session.js";

/** A session that was given a pass and comes back within this time without one does not last, in ms. */
const LOST_WITHIN = 60_000;

function newId(): string {
  return randomBytes(9).toString("base64url");
}

/** Issues, finds and renews passes, kept where `sessions.keep` says: in a cookie of ours, or in express-session's session. */
export class PassStorage {
  private readonly inSession: boolean;
  private readonly signer: PassSigner;
  private readonly kept = new RecentMap<string, number>(4096);
  /** What the last pass that {@link has} found rests on; `undefined` = nothing that lasts. */
  grounds: Grounds | undefined;

  constructor(
    private readonly context: Context,
    private readonly options: AntibotResolved,
    private readonly crypto: GateCrypto,
  ) {
    this.signer = new PassSigner(context, crypto, options);
    this.inSession = options.sessions.keep === "express-session";
  }

  /** How often a pass was known to be signed by us. */
  get cache(): { readonly hits: number; readonly misses: number } {
    return this.signer;
  }

  /** Whether a client shows a valid pass for one of the `accepted` kinds. The first valid pass becomes `request.pass`. */
  has(client: Client, request: RequestView, accepted: readonly string[]): boolean {
    const now = this.context.now();
    const candidates = this.candidates(client, request);
    this.grounds = undefined;
    for (let index = 0; index < candidates.length; index++) {
      const verified = this.signer.check(candidates[index] as string, client, request, now);
      if (verified === undefined) continue;
      const pass = this.signer.at(verified, now);
      request.pass ??= pass;
      for (const kind of pass.kinds) {
        if (!this.accepts(accepted, kind)) continue;
        // A pass before it might become good, and be shown as the request's.
        if (index === 0 && !this.inSession) this.grounds = verified;
        return true;
      }
    }
    return false;
  }

  /** Whether a pass that {@link has} found is still good for the client, apart from its age: then it becomes `request.pass`. */
  stillHas(grounds: Grounds, client: Client, request: RequestView): boolean {
    const verified = grounds as Verified;
    // After another client has shown it, the index of bans must learn of this one again.
    if (verified.shownBy !== client.identity || this.signer.isVoid(verified, client)) return false;
    request.pass ??= verified.pass;
    return true;
  }

  /** Sliding expiry: a page view in the second half of a pass's life brings a new one along. */
  renew(client: Client, request: RequestView): void {
    const { pass } = request;
    if (pass === undefined || !request.isNavigation) return;
    if (this.context.now() - pass.issued < this.options.timeValid * RENEWED_AFTER * 1000) return;
    const now = this.context.banIndex.stamp();
    const solved = new Map(pass.kinds.map((kind) => [kind, now]));
    // It keeps its id: when the pass is revoked, so are those that were made of it.
    const renewed = this.signer.issue(client, request, { id: pass.id, solved, now });
    request.cookies = [this.cookie(client, request, renewed)];
  }

  /**
   * Issues a pass for a solved kind; returns the cookies to set for it. A cookie of ours replaces a session that does not
   * work, so that a mistake in the app's set-up leads nobody into a loop. `browser` is the id of the browser cookie.
   */
  issue(client: Client, request: RequestView, kind: string, browser: string): Awaitable<string[]> {
    // Kinds solved before stay solved, from when they were: a route's own challenge must not cost the pass for the rest, nor
    // may the easiest challenge prolong the hardest.
    this.has(client, request, []);
    const now = this.context.banIndex.stamp();
    const solved = new Map([...(request.pass?.solved ?? []), [kind, now]]);
    // As long as kinds are carried over, so is the id, which a ban revokes.
    const id = solved.size > 1 && request.pass !== undefined ? request.pass.id : newId();
    const pass = this.signer.issue(client, request, { id, solved, now });
    return this.inSession
      ? this.keepInSession(client, request, pass, browser)
      : [this.cookie(client, request, pass)];
  }

  /** Remembers the passes that a request carries, valid for its client or not: a ban of `bearer` revokes them. */
  noteCarried(bearer: Client, request: RequestView): void {
    const client = request.client(this.context.resolver);
    for (const value of this.candidates(client, request)) {
      const pass = this.signer.read(value, client, this.context.now());
      if (pass !== undefined) this.context.banIndex.revoked.shown(bearer, pass);
    }
  }

  /** Revokes the pass that was shown with the request that led to a ban. */
  revokeOf(event: BunkerEvent): void {
    const pass = event.mode === "block" ? requestOrigin(event)?.request.pass : undefined;
    if (pass !== undefined) this.context.banIndex.revoked.revoke(pass.id);
  }

  /** Warns about passes that another secret made: all instances must have the same. */
  warnOfForeign(request: RequestView): void {
    const header = request.raw.headers.cookie;
    if (header === undefined) return;
    const services = [DEFAULT_SERVICE, ...this.context.options.services.keys()];
    if (typeof this.context.options.service === "string") services.push(this.context.options.service);
    if (!this.crypto.cookies.hasForeignPass(header, services)) return;
    this.context.events.warn(
      "WRN_BUNKER_FOREIGN_PASS",
      `a visitor brought a pass called ${this.options.sessions.name} that no secret of this instance made: give all instances the same sessions.secret and sessions.name, or, for another app on this host, another name`,
      "",
      { lasts: HOUR_MS },
    );
  }

  private candidates(client: Client, request: RequestView): readonly string[] {
    const cookies = this.crypto.cookies.passes(client, request);
    if (!this.inSession) return cookies;
    const session = sessionOf(request);
    const pass = session && passIn(session, client.service ?? DEFAULT_SERVICE);
    return pass === undefined ? cookies : [pass, ...cookies];
  }

  // A pass of a provider's fallback, `<provider>-outage`, counts as the provider's own. With `noscript: "captcha"` a captcha
  // counts as a proof of work (R35), which is its own alternative, but not as anything harder (R21).
  private accepts(accepted: readonly string[], kind: string): boolean {
    if (accepted.includes(kind)) return true;
    if (kind === "captcha") return this.options.noscript === "captcha" && accepted.includes("javascript");
    return kind.endsWith("-outage") && accepted.includes(kind.slice(0, -"-outage".length));
  }

  private async keepInSession(
    client: Client,
    request: RequestView,
    pass: string,
    browser: string,
  ): Promise<string[]> {
    const fallback = (): string[] => [this.cookie(client, request, pass)];
    if (sessionOf(request) === undefined) {
      this.context.events.warn(
        "WRN_BUNKER_SESSION",
        "sessions.keep is express-session, but requests reach the gate without req.session: mount app.use(session(…)) before the gate. Until then passes are kept in cookies",
        "",
        { lasts: HOUR_MS },
      );
      return fallback();
    }
    const now = this.context.now();
    const before = this.kept.get(browser);
    this.kept.set(browser, now);
    if (before !== undefined && now - before < LOST_WITHIN) {
      this.context.events.warn(
        "WRN_BUNKER_SESSION_LOST",
        "a session that was given a pass came back without it: check the session's store, and cookie.secure on plain http or behind a proxy. The pass is kept in a cookie instead",
        "",
        { lasts: HOUR_MS },
      );
      return fallback();
    }
    try {
      await keepInSession(request, client.service ?? DEFAULT_SERVICE, pass);
      return [];
    } catch (error) {
      const about = { protection: "antibot", reason: "session", data: messageOf(error) };
      this.context.emit("fault", about, client, request);
      return fallback();
    }
  }

  private cookie(client: Client, request: RequestView, pass: string): string {
    return this.crypto.cookies.setPass(client, request, pass, this.options.timeValid);
  }
}
