import type { Client } from "../core/client.js";
import { ANSWER_HEADERS, problem } from "../core/responder.js";
import type { RequestView } from "../core/request-view.js";
import type { Answer } from "../core/verdict.js";
import { challengeLocation, safePath } from "./destination.js";
import type { GateProtection } from "./gate.js";
import { serviceOf } from "./gate.js";
import type { GateTools } from "./gate-tools.js";

/** What a request without a pass is answered: people are led to the challenge, programs are told where it is. */
export function refer(
  gate: GateProtection,
  client: Client,
  request: RequestView,
  tools: GateTools,
  kind: string | undefined,
): Answer {
  if (!request.isNavigation || isPrefetch(request)) return challengeProblem(gate, request);
  const service = serviceOf(client);
  const destination = { url: safePath(relative(request)), probed: false, kind };
  const headers: Record<string, string | string[]> = {
    ...ANSWER_HEADERS,
    Location: challengeLocation(gate.options.uri, destination, tools.keys, service),
  };
  if (tools.cookies.browser(client, request, service) === undefined) {
    headers["Set-Cookie"] = [tools.cookies.setBrowser(client, request, service, gate.runtime.now()).cookie];
  }
  return { status: 302, headers, body: "" };
}

/** The refusal for everything that cannot show a page. */
export function challengeProblem(gate: GateProtection, request: RequestView): Answer {
  return problem(403, "challenge", "A challenge must be solved first", {
    detail: "Open the challenge in a browser, or send the cookie that a browser got there.",
    challenge: gate.options.uri,
    id: request.id,
  });
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
