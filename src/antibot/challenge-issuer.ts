import { problem } from "../engine/responder.js";
import type { Reply } from "../request/verdict.js";
import { negotiateLanguage } from "../pages/negotiate.js";
import { frameOf, type Browser, type ChallengeRequest } from "./challenge-request.js";
import type { ChallengeKind, ChallengePage, Visit } from "./challenge.js";
import { challengePage, type Notice, type PageContext } from "./challenge-page.js";
import { challengeLocation } from "./destination.js";
import type { GateContext } from "./gate-context.js";
import { sealForm } from "./kept-form.js";
import { newChallengeId, sealChallenge, type SealedChallenge } from "./sealed-challenge.js";

/** Which challenge is issued, and how it is shown. */
export interface Issuing {
  readonly kind: ChallengeKind;
  readonly browser: Browser;
  readonly status: number;
  readonly notice?: Notice;
}

/** Issues a challenge and returns its page or, after a solution that a script posted, JSON. */
export async function issueChallenge(
  gate: GateContext,
  incoming: ChallengeRequest,
  { kind, browser, status, notice }: Issuing,
): Promise<Reply> {
  const { service, destination, request, client, previous } = incoming;
  const { keys } = gate.crypto;
  const visit = { ...visitOf(gate, incoming), ...(previous?.kind === kind.name ? { previous } : {}) };
  const state = await kind.issue(visit);
  gate.difficulty.issued(client);
  const challenge: SealedChallenge = {
    id: newChallengeId(),
    kind: kind.name,
    issued: gate.context.now(),
    browser: browser.id,
    holder: client.key,
    url: destination.url,
    required: destination.kind,
    state,
  };
  const token = sealChallenge(challenge, keys, service);
  const page =
    kind.silent === true ? silentPage(visit) : await kind.page({ id: challenge.id, state, token }, visit);
  const cookies = browser.cookie === undefined ? [] : [browser.cookie];
  if (notice !== undefined && request.wantsJson) {
    const members = {
      id: request.id,
      challenge: { ...page.config, state: token },
      ...(notice === "expired" ? { expired: true } : {}),
    };
    return problem(status, notice, "The challenge was not solved", members, cookies);
  }
  return challengePage(
    page,
    { visit, theme: gate.context.options.theme, cookies },
    {
      token,
      form: incoming.form && sealForm(incoming.form, keys, service, browser.id),
      status,
      notice,
      frameAncestors: frameAncestors(gate, incoming),
    },
  );
}

/** The context of a page for a visitor. */
export function pageFor(
  gate: GateContext,
  incoming: ChallengeRequest,
  cookies: readonly string[] = [],
): PageContext {
  return { visit: visitOf(gate, incoming), theme: gate.context.options.theme, cookies };
}

/** What a challenge kind learns about a visitor. */
export function visitOf(
  { options, context, difficulty, crypto }: GateContext,
  incoming: ChallengeRequest,
): Visit {
  const { client, request, service, frame, form, destination } = incoming;
  const { uri } = options;
  const language = negotiateLanguage(request.header("accept-language"));
  // The captcha works as a plain form. A kept form cannot come along: a link has no fields.
  const noscript =
    options.noscript === "captcha" && form === undefined
      ? challengeLocation(uri, { ...destination, kind: "captcha" }, crypto.keys, service)
      : undefined;
  return {
    client,
    request,
    service,
    language,
    texts: context.options.theme.texts(language),
    uri,
    // A kept form comes back to a path of its own, the only one that reads more than a challenge's few kilobytes.
    action: form === undefined ? `${uri}${frame ? "?frame=1" : ""}` : `${uri}/form`,
    difficulty: difficulty.bitsFor(client, request),
    noscript,
    frame,
    now: context.now(),
  };
}

function frameAncestors(
  { options }: GateContext,
  { request, frame }: ChallengeRequest,
): "'none'" | "'self'" | "*" {
  const requested = frameOf(request);
  if (frame || requested === "own") return "'self'";
  return requested === "foreign" && options.sessions.sameSite === "none" ? "*" : "'none'";
}

// The page of a silent kind only sends itself: that shows whether the browser keeps cookies.
function silentPage({ texts }: Visit): ChallengePage {
  return {
    body: `<p><button>${texts.submit}</button></p>`,
    script: `document.getElementById("bunker-form").submit()`,
  };
}
