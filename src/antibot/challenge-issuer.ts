import { problem } from "../engine/responder.js";
import type { Reply } from "../request/verdict.js";
import { negotiateLanguage } from "../pages/negotiate.js";
import { frameOf, type Browser, type ChallengeRequest } from "./challenge-request.js";
import type { ChallengeKind, ChallengePage, Visit } from "./challenge.js";
import { challengePage, type Notice } from "./challenge-page.js";
import { challengeLocation } from "./destination.js";
import { DifficultyController } from "./difficulty.js";
import type { GateProtection } from "./gate.js";
import { sealForm } from "./kept-form.js";
import { freshChallengeId, sealChallenge, type SealedChallenge } from "./sealed-challenge.js";

/** Issues challenges and shows them. */
export class ChallengeIssuer {
  readonly difficulty: DifficultyController;

  constructor(private readonly gate: GateProtection) {
    const { difficulty, adaptive } = gate.options;
    this.difficulty = new DifficultyController(difficulty, adaptive, gate.context.now);
  }

  /** A new challenge, as a page or, after an answer by a script, as JSON. */
  async issue(
    caller: ChallengeRequest,
    kind: ChallengeKind,
    browser: Browser,
    status: number,
    notice?: Notice,
  ): Promise<Reply> {
    const { tools, service, destination, request, client } = caller;
    const { previous } = caller;
    const visit = { ...this.visit(caller), ...(previous?.kind === kind.name ? { previous } : {}) };
    const state = await kind.issue(visit);
    this.difficulty.issued(client);
    const challenge: SealedChallenge = {
      id: freshChallengeId(),
      kind: kind.name,
      issued: this.gate.context.now(),
      browser: browser.id,
      holder: client.key,
      url: destination.url,
      required: destination.kind,
      state,
    };
    const token = sealChallenge(challenge, tools.keys, service);
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
    const form = caller.form && sealForm(caller.form, tools.keys, service, browser.id);
    return challengePage(page, {
      token,
      form,
      visit,
      theme: this.gate.context.options.theme,
      status,
      notice,
      cookies,
      frameAncestors: this.framing(caller),
    });
  }

  /** Who is being challenged, as a challenge's kind is told. */
  visit(caller: ChallengeRequest): Visit {
    const { client, request, service, frame } = caller;
    const { options, context } = this.gate;
    const language = negotiateLanguage(request.header("accept-language"));
    return {
      client,
      request,
      service,
      language,
      texts: context.options.theme.texts(language),
      uri: options.uri,
      // A form that is kept comes back to a path of its own, the only one that reads more than the challenge's few kilobytes.
      action: caller.form === undefined ? `${options.uri}${frame ? "?frame=1" : ""}` : `${options.uri}/form`,
      difficulty: this.difficulty.bitsFor(client, request),
      noscript: this.noscriptHref(caller),
      frame,
      now: context.now(),
    };
  }

  // The captcha works as a plain form. A form that is kept cannot come along: a link carries no fields.
  private noscriptHref({ destination, tools, service, form }: ChallengeRequest): string | undefined {
    const { noscript, uri } = this.gate.options;
    if (noscript !== "captcha" || form !== undefined) return undefined;
    return challengeLocation(uri, { ...destination, kind: "captcha" }, tools.keys, service);
  }

  private framing(caller: ChallengeRequest): "'none'" | "'self'" | "*" {
    const frame = frameOf(caller.request);
    if (caller.frame || frame === "own") return "'self'";
    return frame === "foreign" && this.gate.options.sessions.sameSite === "none" ? "*" : "'none'";
  }
}

// Where nothing is asked, the page only sends itself: the browser shows by that that it keeps cookies.
function silentPage({ texts }: Visit): ChallengePage {
  return {
    body: `<p><button>${texts.submit}</button></p>`,
    script: `document.getElementById("bunker-form").submit()`,
  };
}
