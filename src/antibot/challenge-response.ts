import type { Client } from "../request/client.js";
import { problem } from "../engine/responder.js";
import type { RequestView } from "../request/request-view.js";
import type { Reply } from "../request/verdict.js";
import { DEFAULT_SERVICE } from "../service-name.js";
import type { Awaitable } from "../awaitable.js";
import { issueChallenge, noteIssued, pageFor } from "./challenge-issuer.js";
import { openTabPage, unkeptPage } from "./challenge-page.js";
import type { Requirement } from "./challenge-policy.js";
import { frameOf, type Browser, type ChallengeRequest } from "./challenge-request.js";
import type { ChallengeUri } from "./challenge-uri.js";
import { challengeLocation, redirect, safePath } from "./destination.js";
import type { GateContext } from "./gate-context.js";
import { isFormPost, keepForm, MAX_SEALED_FORM, sealForm } from "./kept-form.js";

/** Responds to a request without a pass: a person is redirected to the challenge, a program gets a problem document. */
export function respondWithChallenge(
  gate: GateContext,
  client: Client,
  request: RequestView,
  { requirement, uri }: { requirement: Requirement; uri: ChallengeUri },
): Awaitable<Reply> {
  const { options, crypto } = gate;
  const incoming: ChallengeRequest = {
    client,
    request,
    uri,
    service: client.service ?? DEFAULT_SERVICE,
    destination: {
      url: safePath(pathOf(request.url)),
      probed: false,
      kind: requirement.byRoute === true ? requirement.kind : undefined,
    },
    frame: false,
  };
  if (isPrefetch(request)) return challengeProblem(gate, incoming);
  if (isFormPost(request)) return challengeForm(gate, incoming, requirement);
  if (!request.isNavigation) return challengeProblem(gate, incoming);
  const { destination, service } = incoming;
  if (frameOf(request) === "foreign" && options.sessions.sameSite !== "none")
    return openTabPage(pageFor(gate, incoming), destination.url);
  const { cookie } = browserOf(gate, incoming);
  const kind = gate.challenges.get(requirement.kind);
  // The cookie that comes back is the solution.
  if (kind?.silent === true) noteIssued(gate, kind);
  const location = challengeLocation(uri.text, destination, crypto.keys, service);
  return redirect(302, location, cookie === undefined ? [] : [cookie]);
}

// For requests that cannot show a page.
function challengeProblem({ knownPrograms }: GateContext, { request, uri }: ChallengeRequest): Reply {
  knownPrograms.warn(request);
  return problem({
    status: 403,
    type: "challenge",
    title: "A challenge must be solved first",
    members: {
      detail:
        "Open the challenge in a browser and come back with the cookie that it sets; then send the request again.",
      challenge: uri.text,
      id: request.id,
    },
  });
}

// The form stays in the page, sealed, and is posted again when the challenge is solved (R19).
async function challengeForm(
  gate: GateContext,
  incoming: ChallengeRequest,
  requirement: Requirement,
): Promise<Reply> {
  const { options, crypto } = gate;
  const { request, uri, destination, service } = incoming;
  const kept = options.keepPost ? await keepForm(request, destination.url) : undefined;
  const form = typeof kept === "number" ? undefined : kept;
  const browser = browserOf(gate, incoming);
  const kind = gate.challenges.get(requirement.kind);
  // It must fit into the post that brings it back.
  if (
    form !== undefined &&
    kind !== undefined &&
    sealForm(form, crypto.keys, service, browser.id).length < MAX_SEALED_FORM
  )
    return issueChallenge(gate, { ...incoming, form }, { kind, browser, status: 403 });
  const location = challengeLocation(uri.text, destination, crypto.keys, service);
  const cookies = browser.cookie === undefined ? [] : [browser.cookie];
  // A form that is too long, or of another type, is no mistake of its sender's.
  const status = kept === 408 || kept === 503 ? kept : 403;
  return unkeptPage(pageFor(gate, incoming, cookies), location, status);
}

// The browser of the visitor; one without a cookie of ours is given one.
function browserOf({ context, crypto }: GateContext, { client, request }: ChallengeRequest): Browser {
  return crypto.cookies.browser(client, request) ?? crypto.cookies.setBrowser(client, request, context.now());
}

// A prefetch must not use up a redirect: the browser sends the request again when its user follows the link.
function isPrefetch(request: RequestView): boolean {
  return /prefetch|prerender/i.test(
    `${request.header("sec-purpose") ?? ""} ${request.header("purpose") ?? ""} ${request.header("x-moz") ?? ""}`,
  );
}

// The absolute form ("GET http://host/path") is cut to its path: a Location of ours never names a host (R13).
function pathOf(url: string): string {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").split("#", 1)[0] as string;
  return path.startsWith("/") ? path : `/${path}`;
}
