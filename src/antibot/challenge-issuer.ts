import { randomBytes } from "node:crypto";
import { problem } from "../engine/responder.js";
import { messageOf, StoreFailure } from "../errors.js";
import type { Reply } from "../request/verdict.js";
import { negotiateLanguage } from "../pages/negotiate.js";
import { spentKey } from "../store/spent-keys.js";
import { StoreFullError } from "../store/store.js";
import { frameOf, type Browser, type ChallengeRequest } from "./challenge-request.js";
import type { ChallengeKind, ChallengePage, Visit } from "./challenge.js";
import { challengePage, type Notice, type PageContext } from "./challenge-page.js";
import { challengeLocation } from "./destination.js";
import { networkOfClient, networkOfHolder } from "./difficulty.js";
import type { GateContext } from "./gate-context.js";
import { sealForm } from "./kept-form.js";
import type { KeyRing } from "./keys.js";

/** How often in a row a challenge is issued anew because its solution came from another network. */
const MAX_MOVES = 2;

/** A challenge as it travels in the page: everything that its solution is judged by. */
export interface SealedChallenge {
  readonly id: string;
  readonly kind: string;
  readonly issued: number;
  /** The id of the browser cookie that it was issued to: a post from another browser is refused. */
  readonly browser: string;
  /** The key of the client that it was issued to: it is used up under that key, whichever client posts it. */
  readonly holder: string;
  readonly url: string;
  /** The kind that the route asked for, when it asked for one. */
  readonly required: string | undefined;
  readonly state: unknown;
  /** How often in a row it was issued anew because its solution came from another network. */
  readonly moves: number;
}

type Fields = [string, string, number, string, string, string, string | null, unknown, number?];

/** Issues a challenge and returns its page or, after a solution that a script posted, JSON. */
export async function issueChallenge(
  gate: GateContext,
  incoming: ChallengeRequest,
  shown: { kind: ChallengeKind; browser: Browser; status: number; notice?: Notice },
): Promise<Reply> {
  const { kind, browser, status, notice } = shown;
  const { service, destination, request, client, previous, moves = 0 } = incoming;
  const { keys } = gate.crypto;
  const visit = { ...visitOf(gate, incoming), ...(previous?.kind === kind.name ? { previous } : {}) };
  const state = await kind.issue(visit);
  gate.difficulty.count(networkOfClient(client), 1);
  const id = randomBytes(12).toString("base64url");
  const { url, kind: required = null } = destination;
  const now = gate.context.now();
  const sealed: Fields = [id, kind.name, now, browser.id, client.key, url, required, state];
  if (moves > 0) sealed.push(moves);
  noteIssued(gate, kind, state);
  const token = keys.seal("challenge", [service], JSON.stringify(sealed));
  const page = kind.silent === true ? silentPage(visit) : await kind.page({ id, state, token }, visit);
  const cookies = browser.cookie === undefined ? [] : [browser.cookie];
  if (notice !== undefined && request.wantsJson) {
    const members = {
      id: request.id,
      challenge: { ...page.config, state: token },
      ...(notice === "expired" ? { expired: true } : {}),
    };
    return problem({ status, type: notice, title: "The challenge was not solved", members, cookies });
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

/** How long a challenge lasts, in seconds. */
export function lifetimeOf({ options }: GateContext, kind: ChallengeKind, state: unknown): number {
  return options.timeResolve * (kind.patience?.(state) ?? 1);
}

/** Tells metrics of an issued challenge. Silent ones have no state. */
export function noteIssued(gate: GateContext, kind: ChallengeKind, state?: unknown): void {
  const { meter, now } = gate.context;
  if (meter.isHeard) meter.issued(kind.name, now(), lifetimeOf(gate, kind, state) * 1000);
}

/** Opens the challenge that {@link issueChallenge} sealed into a page; `undefined` for anything else. */
export function openChallenge(
  token: string | undefined,
  keys: KeyRing,
  service: string,
): SealedChallenge | undefined {
  const text = keys.open("challenge", [service], token);
  if (text === undefined) return undefined;
  const [id, kind, issued, browser, holder, url, required, state, moves = 0] = JSON.parse(text) as Fields;
  return { id, kind, issued, browser, holder, url, required: required ?? undefined, state, moves };
}

/**
 * Whether a right solution is the price of the network that it was posted from: work that was asked for in one network is not
 * that of another that is asked for more. A visitor whose browser changes between IPv4 and IPv6 must not be sent in circles, so
 * the third solution in a row is taken: it proves at least what was asked for in the two networks before.
 */
export function suffices(
  gate: GateContext,
  incoming: ChallengeRequest,
  { holder, state, moves }: SealedChallenge,
  kind: ChallengeKind,
): boolean {
  if (kind.suffices === undefined || moves >= MAX_MOVES) return true;
  const { client } = incoming;
  if (networkOfHolder(holder, client) === networkOfClient(client)) return true;
  return kind.suffices(state, visitOf(gate, incoming));
}

/**
 * Replay guard: uses a challenge up for `ttl` seconds. Each is `fresh` once over all instances; during a store outage once on
 * each instance. The key names the client that the challenge was issued to, so that no number of addresses uses it twice.
 */
export async function useChallenge(
  { context, usedChallenges }: GateContext,
  { id, holder }: SealedChallenge,
  { ttl, spend }: { ttl: number; spend: "before" | "after" },
  { client, request }: ChallengeRequest,
): Promise<"fresh" | "used" | "full"> {
  const here = usedChallenges[spend];
  if (here.has(id)) return "used";
  try {
    return (await context.store.add(spentKey(holder, id, spend), "1", ttl)) ? "fresh" : "used";
  } catch (error) {
    if (error instanceof StoreFullError) return "full";
    if (!(error instanceof StoreFailure)) throw error;
    const about = { protection: "antibot", reason: "store", data: messageOf(error) };
    context.emit("fault", about, client, request);
  }
  // Copies of a request that timed out may arrive at once: only ids that were written here count as used.
  if (here.has(id)) return "used";
  return here.add(id, context.now() + ttl * 1000) ? "fresh" : "full";
}

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
  const { text: uri } = incoming.uri;
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
