import type { Client } from "../request/client.js";
import { REPLY_HEADERS, problem } from "../engine/responder.js";
import type { RequestView } from "../request/request-view.js";
import type { Reply } from "../request/verdict.js";
import type { Awaitable } from "../awaitable.js";
import { frameOf, type ChallengeRequest } from "./challenge-request.js";
import { openTabPage, unkeptPage } from "./challenge-page.js";
import type { Requirement } from "./challenge-policy.js";
import { challengeLocation, safePath } from "./destination.js";
import type { GateProtection } from "./gate.js";
import { serviceOf } from "./gate.js";
import type { GateCrypto } from "./gate-crypto.js";
import { nameKnownProgram } from "./known-programs.js";
import { isFormPost, keepForm, LONGEST_SEALED, sealForm } from "./kept-form.js";

/** What a request without a pass is answered: people are led to the challenge, programs are told where it is. */
export function respondWithChallenge(
  gate: GateProtection,
  client: Client,
  request: RequestView,
  tools: GateCrypto,
  demand: Requirement,
  required: boolean,
): Awaitable<Reply> {
  const destination = {
    url: safePath(relative(request)),
    probed: false,
    kind: required ? demand.kind : undefined,
  };
  const caller: ChallengeRequest = {
    client,
    request,
    tools,
    service: serviceOf(client),
    destination,
    frame: false,
  };
  if (isPrefetch(request)) return challengeProblem(gate, request);
  if (isFormPost(request)) return keep(gate, caller, demand);
  if (!request.isNavigation) return challengeProblem(gate, request);
  if (frameOf(request) === "foreign" && gate.options.sessions.sameSite !== "none") {
    return openTabPage(gate.desk.issuer.visit(caller), gate.context.options.theme, destination.url);
  }
  const headers: Record<string, string | string[]> = {
    ...REPLY_HEADERS,
    Location: challengeLocation(gate.options.uri, destination, tools.keys, caller.service),
  };
  const { cookie } = gate.desk.browserOf(caller);
  if (cookie !== undefined) headers["Set-Cookie"] = [cookie];
  return { status: 302, headers, body: "" };
}

/** The refusal for everything that cannot show a page. */
export function challengeProblem(gate: GateProtection, request: RequestView): Reply {
  nameKnownProgram(gate.context.events, request);
  return problem(403, "challenge", "A challenge must be solved first", {
    detail:
      "Open the challenge in a browser and come back with the cookie that it sets; then send the request again.",
    challenge: gate.options.uri,
    id: request.id,
  });
}

// The form stays in the page, sealed, and is posted again when the challenge is solved (R19).
async function keep(gate: GateProtection, caller: ChallengeRequest, demand: Requirement): Promise<Reply> {
  const form = gate.options.keepPost ? await keepForm(caller.request, caller.destination.url) : undefined;
  const browser = gate.desk.browserOf(caller);
  const kind = gate.kinds.get(demand.kind);
  // It must fit into the post that brings it back.
  const fits =
    form !== undefined &&
    sealForm(form, caller.tools.keys, caller.service, browser.id).length < LONGEST_SEALED;
  if (fits && kind !== undefined) return gate.desk.issuer.issue({ ...caller, form }, kind, browser, 403);
  const location = challengeLocation(gate.options.uri, caller.destination, caller.tools.keys, caller.service);
  return unkeptPage(
    gate.desk.issuer.visit(caller),
    gate.context.options.theme,
    location,
    browser.cookie === undefined ? [] : [browser.cookie],
  );
}

// What a browser loads ahead of its user must not use up a redirect: it comes again when the user does.
function isPrefetch(request: RequestView): boolean {
  return /prefetch|prerender/i.test(
    `${request.header("sec-purpose") ?? ""} ${request.header("purpose") ?? ""} ${request.header("x-moz") ?? ""}`,
  );
}

// The absolute form ("GET http://host/path") is cut to its path: a Location of ours never names a host (R13).
function relative(request: RequestView): string {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(request.url);
  const rest = absolute === null ? request.url : request.url.slice(absolute[0].length);
  const hash = rest.indexOf("#");
  const path = hash < 0 ? rest : rest.slice(0, hash);
  return path.startsWith("/") ? path : `/${path}`;
}
