import type { Client } from "../request/client.js";
import { readForm } from "../request/form-body.js";
import { isSameOriginPost } from "../request/origin.js";
import { REPLY_HEADERS, problem } from "../engine/responder.js";
import type { RequestView } from "../request/request-view.js";
import type { Challenge, Reply } from "../request/verdict.js";
import { DEFAULT_SERVICE } from "../service-name.js";
import { fetchScript } from "./browser-scripts.generated.js";
import type { ChallengeKind, Fields } from "./challenge.js";
import {
  issueChallenge,
  lifetimeOf,
  openChallenge,
  pageFor,
  suffices,
  useChallenge,
  visitOf,
  type SealedChallenge,
} from "./challenge-issuer.js";
import { framedPage, helpPage, repostPage, type Notice } from "./challenge-page.js";
import { requirementFor, type Requirement } from "./challenge-policy.js";
import type { ChallengeRequest } from "./challenge-request.js";
import type { ChallengeUri } from "./challenge-uri.js";
import {
  challengeLocation,
  DESTINATION_PARAMETER,
  openDestination,
  redirect,
  safePath,
} from "./destination.js";
import { networkOfHolder } from "./difficulty.js";
import type { GateContext } from "./gate-context.js";
import { openForm } from "./kept-form.js";

/** The longest solution of a challenge, in bytes; and the longest together with a sealed form. */
const MAX_BODY = 8192;
const MAX_BODY_WITH_FORM = 32_768;

/** Serves the challenge's URI: shows challenges, judges solutions, issues passes. */
export class ChallengeEndpoint {
  constructor(private readonly gate: GateContext) {}

  /** The verdict for a request for the URI or a path below it. */
  judge(client: Client, request: RequestView, uri: ChallengeUri): Challenge {
    return {
      action: "challenge",
      protection: "antibot",
      reason: "challenge",
      data: {},
      serving: true,
      reply: async () => {
        await this.gate.crypto.ready();
        return this.respond(client, request, uri);
      },
    };
  }

  private respond(client: Client, request: RequestView, uri: ChallengeUri): Reply | Promise<Reply> {
    const service = client.service ?? DEFAULT_SERVICE;
    const query = new URLSearchParams(request.path.query);
    const token = query.get(DESTINATION_PARAMETER) ?? undefined;
    const incoming: ChallengeRequest = {
      client,
      request,
      uri,
      service,
      destination: openDestination(token, this.gate.crypto.keys, service),
      frame: query.get("frame") === "1",
    };
    const name = request.path.path.slice(uri.path.length + 1);
    const reads = request.method === "GET" || request.method === "HEAD";
    if (name === "" && reads) return this.show(incoming);
    if (name === "" && request.method === "POST") return this.judgeSolution(incoming, MAX_BODY);
    if (name === "form" && request.method === "POST") return this.judgeSolution(incoming, MAX_BODY_WITH_FORM);
    if (name === "") return notAllowed(request, "GET, HEAD, POST");
    if (!reads) return notAllowed(request, name === "form" ? "POST" : "GET, HEAD");
    if (name === "fetch.js") return { status: 200, headers: SCRIPT_HEADERS, body: fetchScript };
    return this.file(incoming, name, query.get("state") ?? undefined);
  }

  private async show(incoming: ChallengeRequest): Promise<Reply> {
    const { client, request } = incoming;
    const { context, options, crypto, passes } = this.gate;
    const requirement = await this.requirementOf(incoming);
    if (requirement === undefined || passes.has(client, request, requirement.accepted)) {
      const { pass } = request;
      const loops = pass !== undefined && this.gate.redirectLoops.isLoop(pass.id);
      return loops ? this.cookieHelp(incoming) : this.goOn(incoming, 302);
    }
    const browser = crypto.cookies.browser(client, request);
    if (browser === undefined) return this.probeCookies(incoming);
    const kind = this.kindOf(requirement);
    if (kind.silent !== true) return issueChallenge(this.gate, incoming, { kind, browser, status: 200 });
    // The cookie that came back is the solution, if it was set lately.
    if (context.now() - browser.issued > options.timeResolve * 1000)
      return this.probeCookies(incoming, browser.id);
    return this.admit(incoming, kind, browser);
  }

  private async judgeSolution(incoming: ChallengeRequest, maxBody: number): Promise<Reply> {
    const { client, request, service } = incoming;
    const { keys, cookies } = this.gate.crypto;
    if (!isSameOriginPost(request))
      return problem({ status: 403, type: "cross-site", title: "Forbidden", members: { id: request.id } });
    const posted = await readForm(request.message, maxBody);
    if ("status" in posted)
      return problem({
        status: posted.status,
        type: "form",
        title: FORM_PROBLEMS[posted.status],
        members: { id: request.id },
      });
    const { fields } = posted;
    const sealed = openChallenge(fields.get("state"), keys, service);
    const kind = sealed && this.gate.challenges.get(sealed.kind);
    if (sealed === undefined || kind === undefined) return this.reissue(incoming, "invalid", 400);
    const browser = cookies.browser(client, request);
    const bound: ChallengeRequest = {
      ...incoming,
      form: browser && openForm(fields.get("form"), keys, service, browser.id),
      destination: { url: safePath(sealed.url), probed: true, kind: sealed.required },
      previous: { kind: sealed.kind, holder: sealed.holder, state: sealed.state, fields },
    };
    if (browser === undefined) return this.probeCookies(bound);
    if (browser.id !== sealed.browser) return this.reissue(bound, "invalid", 403);
    const age = this.gate.context.now() - sealed.issued;
    const lifetime = lifetimeOf(this.gate, kind, sealed.state);
    if (age > lifetime * 1000 || age < -60_000) return this.reissue(bound, "expired", 403);
    if (kind.declines?.(fields) === true)
      return issueChallenge(this.gate, bound, { kind, browser, status: 200 });
    return (
      (await this.refusal(bound, sealed, kind, fields)) ??
      this.admit(bound, kind, { id: browser.id, issued: sealed.issued })
    );
  }

  // The reply to a wrong or repeated solution; `undefined` = it is right. What can be guessed or costs money is used up before
  // it is judged, a proof only when it is right (R14).
  private async refusal(
    incoming: ChallengeRequest,
    sealed: SealedChallenge,
    kind: ChallengeKind,
    fields: Fields,
  ): Promise<Reply | undefined> {
    const spend = kind.spendOf?.(sealed.state) ?? kind.spend ?? "before";
    const before = spend === "before" ? await this.use(incoming, sealed, kind, spend) : undefined;
    if (before !== undefined) return before;
    const right = await kind.verify(sealed.state, fields, visitOf(this.gate, incoming));
    if (right === "again") return this.reissue(incoming, "failed", 403);
    if (right && !suffices(this.gate, incoming, sealed, kind))
      return this.reissue({ ...incoming, moves: sealed.moves + 1 }, "expired", 403);
    if (right) return spend === "after" ? this.use(incoming, sealed, kind, spend) : undefined;
    const { client, request } = incoming;
    request.ownResponse = "failed";
    const data = { kind: kind.name, seconds: this.secondsSince(sealed.issued) };
    const about = { protection: "antibot", reason: "wrong answer", data };
    this.gate.context.emit("failed", about, client, request);
    await this.gate.escalation.failed(client);
    return this.reissue(incoming, "failed", 403);
  }

  private async use(
    incoming: ChallengeRequest,
    sealed: SealedChallenge,
    kind: ChallengeKind,
    spend: "before" | "after",
  ): Promise<Reply | undefined> {
    // A minute longer than it lasts: the clocks of several instances differ.
    const ttl = lifetimeOf(this.gate, kind, sealed.state) + 60;
    const use = await useChallenge(this.gate, sealed, { ttl, spend }, incoming);
    return use === "fresh" ? undefined : this.reissue(incoming, "invalid", use === "full" ? 503 : 403);
  }

  /** @param browser the browser's id, and when the challenge was issued, in ms */
  private async admit(
    incoming: ChallengeRequest,
    kind: ChallengeKind,
    { id: browser, issued }: { readonly id: string; readonly issued: number },
  ): Promise<Reply> {
    const { client, request, previous } = incoming;
    const posted = previous !== undefined;
    if (posted && kind.spend !== "never")
      this.gate.difficulty.count(networkOfHolder(previous.holder, client), -1);
    const data = { kind: kind.name, seconds: this.secondsSince(issued) };
    const about = { protection: "antibot", reason: "solved", data };
    this.gate.context.emit("solved", about, client, request);
    const solvedAs = (previous && kind.solvedAs?.(previous.state)) ?? kind.name;
    const cookies = await this.gate.passes.issue(client, request, solvedAs, browser);
    return this.goOn(incoming, posted ? 303 : 302, cookies);
  }

  // On to the destination: by a redirect, by JSON for a script, by the form that waited, or out of the dialog.
  private goOn(incoming: ChallengeRequest, status: 302 | 303, cookies: string[] = []): Reply {
    const { request, form, destination, frame } = incoming;
    const url = this.gate.options.successUri || destination.url;
    if (status === 303 && request.wantsJson) {
      const headers = { ...REPLY_HEADERS, "Content-Type": "application/json", "Set-Cookie": cookies };
      const next =
        form === undefined ? { location: url } : { repost: { url: form.url, fields: form.fields } };
      return { status: 200, headers, body: JSON.stringify(next) };
    }
    if (form !== undefined) return repostPage(pageFor(this.gate, incoming, cookies), form);
    if (frame) return framedPage(pageFor(this.gate, incoming, cookies));
    return redirect(status, url, cookies);
  }

  // One redirect shows whether a cookie comes back; if it does not, the visitor is told so instead of being sent in a loop.
  private async probeCookies(incoming: ChallengeRequest, browserId?: string): Promise<Reply> {
    const { client, request, uri, service, destination, frame } = incoming;
    const { context, crypto, escalation } = this.gate;
    const { cookie } = crypto.cookies.setBrowser(client, request, context.now(), browserId);
    if (!destination.probed || browserId !== undefined) {
      const next = { ...destination, probed: true };
      const location = challengeLocation(uri.text, next, crypto.keys, service);
      return redirect(302, frame ? `${location}&frame=1` : location, [cookie]);
    }
    // Another site's page can send a visitor here as often as it likes: that is not a failure of the visitor's.
    const site = request.header("sec-fetch-site");
    if (request.isNavigation && (site === undefined || site === "none" || site === "same-origin"))
      await escalation.failed(client);
    return this.cookieHelp(incoming, [cookie]);
  }

  private cookieHelp(incoming: ChallengeRequest, cookies: string[] = []): Reply {
    const retry = { ...incoming.destination, probed: false };
    const href = challengeLocation(incoming.uri.text, retry, this.gate.crypto.keys, incoming.service);
    return helpPage(pageFor(this.gate, incoming, cookies), href);
  }

  // A new challenge in place of one that failed, expired or is not valid; the destination is kept.
  private async reissue(incoming: ChallengeRequest, notice: Notice, status: number): Promise<Reply> {
    const requirement = await this.requirementOf(incoming);
    const browser = this.gate.crypto.cookies.browser(incoming.client, incoming.request);
    if (requirement === undefined) return this.goOn(incoming, 303);
    if (browser === undefined) return this.probeCookies(incoming);
    const kind = this.kindOf(requirement);
    return kind.silent === true
      ? this.probeCookies(incoming, browser.id)
      : issueChallenge(this.gate, incoming, { kind, browser, status, notice });
  }

  // Files of a challenge's page, for a client with the sealed challenge while that lasts.
  private async file(incoming: ChallengeRequest, name: string, token: string | undefined): Promise<Reply> {
    const sealed = openChallenge(token, this.gate.crypto.keys, incoming.service);
    const kind = sealed && this.gate.challenges.get(sealed.kind);
    const files = kind?.files;
    const serve = files !== undefined && Object.hasOwn(files, name) ? files[name] : undefined;
    if (sealed === undefined || kind === undefined || serve === undefined)
      return problem({
        status: 404,
        type: "not-found",
        title: "Not Found",
        members: { id: incoming.request.id },
      });
    const fresh = this.gate.context.now() - sealed.issued <= lifetimeOf(this.gate, kind, sealed.state) * 1000;
    const issued = fresh ? { id: sealed.id, state: sealed.state, token: token as string } : undefined;
    return serve(issued, visitOf(this.gate, incoming));
  }

  private async requirementOf(incoming: ChallengeRequest): Promise<Requirement | undefined> {
    const { client, request, destination } = incoming;
    const { challenges, escalation, options } = this.gate;
    const { kind } = destination;
    if (kind !== undefined && challenges.get(kind) !== undefined) return requirementFor(kind);
    return options.challenge.requirement(client, request, await escalation.sharedStep(client));
  }

  private secondsSince(time: number): number {
    return Math.max(0, this.gate.context.now() - time) / 1000;
  }

  private kindOf(requirement: Requirement): ChallengeKind {
    const kind = this.gate.challenges.get(requirement.kind);
    if (kind === undefined) throw new Error(`no challenge is called ${requirement.kind}`);
    return kind;
  }
}

const FORM_PROBLEMS = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  503: "Service Unavailable",
} as const;

const SCRIPT_HEADERS = {
  ...REPLY_HEADERS,
  "Content-Type": "text/javascript; charset=utf-8",
  "Cache-Control": "public, max-age=3600",
};

function notAllowed(request: RequestView, allow: string): Reply {
  const reply = problem({
    status: 405,
    type: "method",
    title: "Method Not Allowed",
    members: { id: request.id },
  });
  return { ...reply, headers: { ...reply.headers, Allow: allow } };
}
