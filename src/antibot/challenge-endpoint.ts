import type { Client } from "../request/client.js";
import { readForm } from "../request/form-body.js";
import { isSameOriginPost } from "../request/origin.js";
import { REPLY_HEADERS, problem } from "../engine/responder.js";
import type { RequestView } from "../request/request-view.js";
import type { Reply } from "../request/verdict.js";
import { fetchScript } from "./browser-scripts.generated.js";
import type { Browser, ChallengeRequest } from "./challenge-request.js";
import type { ChallengeKind, Fields } from "./challenge.js";
import { framedPage, helpPage, repostPage, type Notice } from "./challenge-page.js";
import { requirementFor, type Requirement } from "./challenge-policy.js";
import {
  challengeLocation,
  DESTINATION_PARAMETER,
  openDestination,
  safePath,
  sealDestination,
} from "./destination.js";
import type { GateProtection } from "./gate.js";
import { serviceOf } from "./gate.js";
import type { GateCrypto } from "./gate-crypto.js";
import { openForm } from "./kept-form.js";
import { Escalation } from "./escalation.js";
import { ChallengeIssuer } from "./challenge-issuer.js";
import { openChallenge, type SealedChallenge } from "./sealed-challenge.js";
import { RedirectLoopDetector } from "./redirect-loop-detector.js";
import { UsedChallenges } from "./used-challenges.js";

/** The longest answer to a challenge, in bytes; with a kept form of at most 16 KB in it, sealed, the longer. */
const BODY_LIMIT = 8192;
const FORM_LIMIT = 32_768;

/** Serves the challenge's URI: shows challenges, takes answers, hands out passes. */
export class ChallengeEndpoint {
  readonly levels: Escalation;
  readonly issuer: ChallengeIssuer;
  private readonly spent: UsedChallenges;
  private readonly circles = new RedirectLoopDetector();

  constructor(private readonly gate: GateProtection) {
    this.levels = new Escalation(gate.context, gate.options.challenge.steps);
    this.issuer = new ChallengeIssuer(gate);
    this.spent = new UsedChallenges(gate.context);
  }

  /** Answers one request for the URI or what lies below it. */
  async answer(client: Client, request: RequestView, tools: GateCrypto): Promise<Reply> {
    const service = serviceOf(client);
    const query = new URLSearchParams(request.path.query);
    const destination = openDestination(query.get(DESTINATION_PARAMETER) ?? undefined, tools.keys, service);
    const caller: ChallengeRequest = {
      client,
      request,
      tools,
      service,
      destination,
      frame: query.get("frame") === "1",
    };
    const name = request.path.path.slice(this.gate.options.uri.length + 1);
    const reads = request.method === "GET" || request.method === "HEAD";
    if (name === "" && reads) return this.show(caller);
    if ((name === "" || name === "form") && request.method === "POST")
      return this.take(caller, name === "" ? BODY_LIMIT : FORM_LIMIT);
    if (name === "") return notAllowed(request, "GET, HEAD, POST");
    if (!reads) return notAllowed(request, name === "form" ? "POST" : "GET, HEAD");
    if (name === "fetch.js") return { status: 200, headers: SCRIPT_HEADERS, body: fetchScript };
    return this.file(caller, name, query.get("state") ?? undefined);
  }

  /** The browser that asks; one that has no cookie of ours is given one. */
  browserOf({ client, request, tools, service }: Omit<ChallengeRequest, "destination" | "frame">): Browser {
    const known = tools.cookies.browser(client, request, service);
    return known ?? tools.cookies.setBrowser(client, request, service, this.gate.context.now());
  }

  private async show(caller: ChallengeRequest): Promise<Reply> {
    const { client, request, tools, service } = caller;
    const demand = await this.demandFor(caller);
    if (demand === undefined || this.gate.passOf(client, request, this.gate.accepted(demand), tools)) {
      const { pass } = request;
      const circle = pass !== undefined && this.circles.isLoop(pass.id, this.gate.context.now());
      return circle ? this.help(caller) : this.goOn(caller, 302);
    }
    const browser = tools.cookies.browser(client, request, service);
    if (browser === undefined) return this.probe(caller);
    const kind = this.kindOf(demand);
    if (kind.silent !== true) return this.issuer.issue(caller, kind, browser, 200);
    // The cookie that came back is the answer, if it was set lately.
    const now = this.gate.context.now();
    if (now - browser.issued > this.gate.options.timeResolve * 1000) return this.probe(caller, browser.id);
    return this.admit(caller, kind.name, browser.id, false);
  }

  private async take(caller: ChallengeRequest, limit: number): Promise<Reply> {
    const { client, request, tools, service } = caller;
    if (!isSameOriginPost(request)) return problem(403, "cross-site", "Forbidden", { id: request.id });
    const posted = await readForm(request.message, limit);
    if ("status" in posted)
      return problem(posted.status, "form", posted.status === 413 ? "Content Too Large" : "Bad Request", {
        id: request.id,
      });
    const sealed = openChallenge(posted.fields.get("state"), tools.keys, service);
    const kind = sealed && this.gate.kinds.get(sealed.kind);
    if (sealed === undefined || kind === undefined) return this.again(caller, "invalid", 400);
    const browser = tools.cookies.browser(client, request, service);
    const form = browser && openForm(posted.fields.get("form"), tools.keys, service, browser.id);
    const bound: ChallengeRequest = {
      ...caller,
      form,
      destination: { url: safePath(sealed.url), probed: true, kind: sealed.required },
      previous: { kind: sealed.kind, state: sealed.state, fields: posted.fields },
    };
    if (browser === undefined) return this.probe(bound);
    if (browser.id !== sealed.browser) return this.again(bound, "invalid", 403);
    const age = this.gate.context.now() - sealed.issued;
    if (age > this.timeFor(sealed, kind) * 1000 || age < -60_000) return this.again(bound, "expired", 403);
    if (kind.declines?.(posted.fields) === true) return this.issuer.issue(bound, kind, browser, 200);
    return this.judge(bound, sealed, kind, posted.fields);
  }

  // R14: what can be guessed or costs money is spent before it is looked at, proofs only when they are good.
  private async judge(
    caller: ChallengeRequest,
    sealed: SealedChallenge,
    kind: ChallengeKind,
    fields: Fields,
  ): Promise<Reply> {
    const spend = kind.spend ?? "before";
    if (spend === "before") {
      const refused = await this.spend(caller, sealed, kind);
      if (refused !== undefined) return refused;
    }
    const right = await kind.verify(sealed.state, fields, this.issuer.visit(caller));
    if (right === "again") return this.again(caller, "failed", 403);
    if (!right) return this.refuse(caller, kind);
    if (spend === "after") {
      const refused = await this.spend(caller, sealed, kind);
      if (refused !== undefined) return refused;
    }
    return this.admit(caller, kind.name, sealed.browser, true);
  }

  // How long a challenge may take, in seconds.
  private timeFor({ state }: SealedChallenge, kind: ChallengeKind): number {
    return this.gate.options.timeResolve * (kind.patience?.(state) ?? 1);
  }

  private async spend(
    caller: ChallengeRequest,
    sealed: SealedChallenge,
    kind: ChallengeKind,
  ): Promise<Reply | undefined> {
    // A minute longer than it may take: clocks of several instances differ.
    const spending = await this.spent.spend(
      sealed,
      this.timeFor(sealed, kind) + 60,
      caller.client,
      caller.request,
    );
    if (spending === "fresh") return undefined;
    return this.again(caller, "invalid", spending === "full" ? 503 : 403);
  }

  private async refuse(caller: ChallengeRequest, kind: ChallengeKind): Promise<Reply> {
    const { client, request } = caller;
    request.answered = "failed";
    this.gate.context.emit(
      "failed",
      { protection: "antibot", reason: "wrong answer", data: { kind: kind.name } },
      client,
      request,
    );
    await this.levels.failed(client);
    return this.again(caller, "failed", 403);
  }

  private async admit(
    caller: ChallengeRequest,
    kind: string,
    browser: string,
    posted: boolean,
  ): Promise<Reply> {
    const { client, request, tools, service } = caller;
    // Kinds solved before stay solved, from when they were: a route's own challenge must not cost the pass for the rest, nor
    // the cheapest challenge keep the dearest alive.
    this.gate.passOf(client, request, [], tools);
    const now = this.gate.context.banIndex.stamp();
    const solved = new Map([...(request.pass?.solved ?? []), [kind, now]]);
    const pass = tools.passes.issue(client, request, service, solved, now);
    if (posted && this.gate.kinds.get(kind)?.spend !== "never") this.issuer.difficulty.solved(client);
    this.gate.context.emit(
      "solved",
      { protection: "antibot", reason: "solved", data: { kind } },
      client,
      request,
    );
    const cookies = await this.gate.keeper.keep(client, request, service, pass, tools, browser);
    return this.goOn(caller, posted ? 303 : 302, cookies);
  }

  // On to where the visitor was going: by a redirect, by a script's own means, with the form that waited, or out of the dialog.
  private goOn(caller: ChallengeRequest, status: 302 | 303, cookies: string[] = []): Reply {
    const { request, form, destination, frame } = caller;
    const url = this.gate.options.successUri || destination.url;
    if (status === 303 && request.wantsJson) {
      const headers = { ...REPLY_HEADERS, "Content-Type": "application/json", "Set-Cookie": cookies };
      return {
        status: 200,
        headers,
        body: JSON.stringify(
          form === undefined ? { location: url } : { repost: { url: form.url, fields: form.fields } },
        ),
      };
    }
    const visit = this.issuer.visit(caller);
    const { theme } = this.gate.context.options;
    if (form !== undefined) return repostPage(form, visit, theme, cookies);
    return frame ? framedPage(visit, theme, cookies) : redirect(status, url, cookies);
  }

  // One redirect shows whether a cookie comes back; when it does not, the visitor is told instead of sent in circles.
  private async probe(caller: ChallengeRequest, browserId?: string): Promise<Reply> {
    const { client, request, tools, service, destination, frame } = caller;
    const { cookie } = tools.cookies.setBrowser(client, request, service, this.gate.context.now(), browserId);
    const { uri } = this.gate.options;
    if (!destination.probed || browserId !== undefined) {
      const location = challengeLocation(uri, { ...destination, probed: true }, tools.keys, service);
      return redirect(302, frame ? `${location}&frame=1` : location, [cookie]);
    }
    // Another site's page can send a visitor here as often as it likes: that is no failure of the visitor's.
    const site = request.header("sec-fetch-site");
    if (request.isNavigation && (site === undefined || site === "none" || site === "same-origin"))
      await this.levels.failed(client);
    return this.help(caller, [cookie]);
  }

  private help(caller: ChallengeRequest, cookies: string[] = []): Reply {
    const { tools, service, destination } = caller;
    const retry = `${this.gate.options.uri}?${DESTINATION_PARAMETER}=${sealDestination({ ...destination, probed: false }, tools.keys, service)}`;
    return helpPage(this.issuer.visit(caller), this.gate.context.options.theme, retry, cookies);
  }

  // A new challenge in place of one that failed, expired or makes no sense; the destination is kept.
  private async again(caller: ChallengeRequest, notice: Notice, status: number): Promise<Reply> {
    const { client, request, tools, service } = caller;
    const demand = await this.demandFor(caller);
    const browser = tools.cookies.browser(client, request, service);
    if (demand === undefined) return this.goOn(caller, 303);
    if (browser === undefined) return this.probe(caller);
    const kind = this.kindOf(demand);
    return kind.silent === true
      ? this.probe(caller, browser.id)
      : this.issuer.issue(caller, kind, browser, status, notice);
  }

  // Files of a challenge's page: whoever has the sealed challenge may have them, while it lasts.
  private async file(caller: ChallengeRequest, name: string, token: string | undefined): Promise<Reply> {
    const { request, tools, service } = caller;
    const sealed = openChallenge(token, tools.keys, service);
    const kind = sealed && this.gate.kinds.get(sealed.kind);
    const fresh =
      sealed !== undefined &&
      kind !== undefined &&
      this.gate.context.now() - sealed.issued <= this.timeFor(sealed, kind) * 1000;
    const files = kind?.files;
    const serve = files !== undefined && Object.hasOwn(files, name) ? files[name] : undefined;
    if (serve === undefined) return problem(404, "not-found", "Not Found", { id: request.id });
    const issued = fresh ? { id: sealed.id, state: sealed.state, token: token as string } : undefined;
    return serve(issued, this.issuer.visit(caller));
  }

  private async demandFor(caller: ChallengeRequest): Promise<Requirement | undefined> {
    const { kind } = caller.destination;
    if (kind !== undefined && this.gate.kinds.get(kind) !== undefined) return requirementFor(kind);
    return this.gate.options.challenge.requirement(
      caller.client,
      caller.request,
      await this.levels.ask(caller.client),
    );
  }

  private kindOf(demand: Requirement): ChallengeKind {
    const kind = this.gate.kinds.get(demand.kind);
    if (kind === undefined) throw new Error(`no challenge is called ${demand.kind}`);
    return kind;
  }
}

const SCRIPT_HEADERS = {
  ...REPLY_HEADERS,
  "Content-Type": "text/javascript; charset=utf-8",
  "Cache-Control": "public, max-age=3600",
};

function redirect(status: 302 | 303, location: string, cookies: string[] = []): Reply {
  return {
    status,
    headers: {
      ...REPLY_HEADERS,
      Location: location,
      ...(cookies.length > 0 ? { "Set-Cookie": cookies } : {}),
    },
    body: "",
  };
}

function notAllowed(request: RequestView, allow: string): Reply {
  const answer = problem(405, "method", "Method Not Allowed", { id: request.id });
  return { ...answer, headers: { ...answer.headers, Allow: allow } };
}
