import type { Client } from "../core/client.js";
import { readForm } from "../core/form-body.js";
import { isSameOriginPost } from "../core/origin.js";
import { ANSWER_HEADERS, problem } from "../core/responder.js";
import type { RequestView } from "../core/request-view.js";
import type { Answer } from "../core/verdict.js";
import { negotiateLanguage } from "../pages/negotiate.js";
import { textsFor } from "../pages/texts.js";
import type { ChallengeKind, Fields, Visit } from "./challenge.js";
import { challengePage, helpPage, type Notice } from "./challenge-page.js";
import { demandOf, type Demand } from "./choice.js";
import {
  challengeLocation,
  DESTINATION_PARAMETER,
  openDestination,
  safePath,
  sealDestination,
  type Destination,
} from "./destination.js";
import { DifficultyGauge } from "./difficulty.js";
import type { GateProtection } from "./gate.js";
import { serviceOf } from "./gate.js";
import type { GateTools } from "./gate-tools.js";
import { Levels } from "./levels.js";
import { freshChallengeId, openChallenge, sealChallenge, type SealedChallenge } from "./sealed-challenge.js";
import { SpentIds } from "./spent.js";

/** The longest answer to a challenge, in bytes. */
const BODY_LIMIT = 8192;

/** One request at the challenge's URI and what is needed to answer it. */
interface Caller {
  readonly client: Client;
  readonly request: RequestView;
  readonly tools: GateTools;
  readonly service: string;
  readonly destination: Destination;
}

/** Serves the challenge's URI: shows challenges, takes answers, hands out passes. */
export class ChallengeDesk {
  readonly levels: Levels;
  private readonly gauge: DifficultyGauge;
  private readonly spent: SpentIds;

  constructor(private readonly gate: GateProtection) {
    this.levels = new Levels(
      gate.runtime,
      gate.options.challenge.isLadder ? gate.options.challenge.kinds.length : 1,
    );
    this.spent = new SpentIds(gate.runtime);
    this.gauge = new DifficultyGauge(gate.options.difficulty, gate.options.adaptive, gate.runtime.now);
  }

  /** Answers one request for the URI or what lies below it. */
  async answer(client: Client, request: RequestView, tools: GateTools): Promise<Answer> {
    const service = serviceOf(client);
    const parameter = new URLSearchParams(request.path.query).get(DESTINATION_PARAMETER) ?? undefined;
    const caller: Caller = {
      client,
      request,
      tools,
      service,
      destination: openDestination(parameter, tools.keys, service),
    };
    if (request.path.path !== this.gate.options.uri)
      return problem(404, "not-found", "Not Found", { id: request.id });
    if (request.method === "GET" || request.method === "HEAD") return this.show(caller);
    if (request.method === "POST") return this.take(caller);
    return {
      ...problem(405, "method", "Method Not Allowed", { id: request.id }),
      headers: { ...ANSWER_HEADERS, Allow: "GET, HEAD, POST", "Content-Type": "application/problem+json" },
    };
  }

  private async show(caller: Caller): Promise<Answer> {
    const { client, request, tools, service, destination } = caller;
    const demand = await this.demandFor(caller);
    if (demand === undefined || this.gate.passOf(client, request, demand.accepted, tools))
      return redirect(302, destination.url);
    const browser = tools.cookies.browser(client, request, service);
    if (browser === undefined) return this.probe(caller);
    if (demand.kind.silent !== true) return this.present(caller, demand.kind, browser.id, 200);
    // The cookie that came back is the answer, if it was set lately.
    const now = this.gate.runtime.now();
    if (now - browser.issued > this.gate.options.timeResolve * 1000) return this.probe(caller, browser.id);
    return this.admit(caller, [demand.kind.name], destination.url, false);
  }

  private async take(caller: Caller): Promise<Answer> {
    const { request, tools, service } = caller;
    if (!isSameOriginPost(request)) return problem(403, "cross-site", "Forbidden", { id: request.id });
    const form = await readForm(request.message, BODY_LIMIT);
    if ("status" in form)
      return problem(form.status, "form", form.status === 413 ? "Content Too Large" : "Bad Request", {
        id: request.id,
      });
    const sealed = openChallenge(form.fields.get("state"), tools.keys, service);
    const kind = sealed && this.gate.options.challenge.kind(sealed.kind);
    if (sealed === undefined || kind === undefined) return this.again(caller, "invalid", 400);
    const browser = tools.cookies.browser(caller.client, request, service);
    const bound: Caller = {
      ...caller,
      destination: { url: safePath(sealed.url), probed: true, kind: sealed.required },
    };
    if (browser === undefined) return this.probe(bound);
    if (browser.id !== sealed.browser) return this.again(bound, "invalid", 403);
    const age = this.gate.runtime.now() - sealed.issued;
    if (age > this.gate.options.timeResolve * 1000 || age < -60_000) return this.again(bound, "expired", 403);
    return this.judge(bound, sealed, kind, form.fields);
  }

  // R14: what can be guessed or costs money is spent before it is looked at, proofs only when they are good.
  private async judge(
    caller: Caller,
    sealed: SealedChallenge,
    kind: ChallengeKind,
    fields: Fields,
  ): Promise<Answer> {
    const { client, request } = caller;
    const spend = kind.spend ?? "before";
    const ttl = this.gate.options.timeResolve + 60;
    if (spend === "before") {
      const spending = await this.spent.spend(sealed.id, ttl, client, request);
      if (spending !== "fresh") return this.again(caller, "invalid", spending === "full" ? 503 : 403);
    }
    if (!(await kind.verify(sealed.state, fields, this.visit(caller)))) return this.refuse(caller, kind);
    if (spend === "after") {
      const spending = await this.spent.spend(sealed.id, ttl, client, request);
      if (spending !== "fresh") return this.again(caller, "invalid", spending === "full" ? 503 : 403);
    }
    return this.admit(caller, [kind.name], caller.destination.url, true);
  }

  private async refuse(caller: Caller, kind: ChallengeKind): Promise<Answer> {
    const { client, request } = caller;
    request.answered = "failed";
    this.gate.runtime.tell(
      "failed",
      { protection: "antibot", reason: "wrong answer", data: { kind: kind.name } },
      client,
      request,
    );
    await this.levels.failed(client);
    return this.again(caller, "failed", 403);
  }

  private admit(caller: Caller, kinds: readonly string[], url: string, posted: boolean): Answer {
    const { client, request, tools, service } = caller;
    const all = [...new Set([...(request.pass?.kinds ?? []), ...kinds])];
    const pass = tools.passes.issue(client, request, service, all, this.gate.runtime.index.stamp());
    if (posted) this.gauge.solved(client);
    this.gate.runtime.tell(
      "solved",
      { protection: "antibot", reason: "solved", data: { kinds } },
      client,
      request,
    );
    const cookie = tools.cookies.setPass(client, request, service, pass, this.gate.options.timeValid);
    if (posted && request.wantsJson) {
      return {
        status: 200,
        headers: { ...ANSWER_HEADERS, "Content-Type": "application/json", "Set-Cookie": [cookie] },
        body: JSON.stringify({ location: url }),
      };
    }
    return redirect(posted ? 303 : 302, url, [cookie]);
  }

  // One redirect shows whether a cookie comes back; when it does not, the visitor is told instead of sent in circles.
  private async probe(caller: Caller, browserId?: string): Promise<Answer> {
    const { client, request, tools, service, destination } = caller;
    const { cookie } = tools.cookies.setBrowser(client, request, service, this.gate.runtime.now(), browserId);
    if (!destination.probed || browserId !== undefined) {
      return redirect(
        302,
        challengeLocation(this.gate.options.uri, { ...destination, probed: true }, tools.keys, service),
        [cookie],
      );
    }
    await this.levels.failed(client);
    const retry = `${this.gate.options.uri}?${DESTINATION_PARAMETER}=${sealDestination({ ...destination, probed: false }, tools.keys, service)}`;
    return helpPage(this.visit(caller), this.gate.runtime.options.theme, retry, [cookie]);
  }

  // A new challenge in place of one that failed, expired or makes no sense; the destination is kept.
  private async again(caller: Caller, notice: Notice, status: number): Promise<Answer> {
    const { client, request, tools, service } = caller;
    const demand = await this.demandFor(caller);
    const browser = tools.cookies.browser(client, request, service);
    if (demand === undefined) return redirect(303, caller.destination.url);
    if (browser === undefined) return this.probe(caller);
    return this.present(caller, demand.kind, browser.id, status, notice);
  }

  private async present(
    caller: Caller,
    kind: ChallengeKind,
    browser: string,
    status: number,
    notice?: Notice,
  ): Promise<Answer> {
    const { tools, service, destination, request } = caller;
    if (kind.silent === true) return this.probe(caller, browser);
    const visit = this.visit(caller);
    const state = await kind.issue(visit);
    this.gauge.issued(caller.client);
    const challenge: SealedChallenge = {
      id: freshChallengeId(),
      kind: kind.name,
      issued: this.gate.runtime.now(),
      browser,
      url: destination.url,
      required: destination.kind,
      state,
    };
    const token = sealChallenge(challenge, tools.keys, service);
    const page = kind.page({ id: challenge.id, state, token }, visit);
    if (status !== 200 && request.wantsJson) {
      return problem(status, notice ?? "challenge", "The challenge was not solved", {
        id: request.id,
        challenge: { ...page.config, state: token },
        ...(notice === "expired" ? { expired: true } : {}),
      });
    }
    return challengePage(page, token, visit, this.gate.runtime.options.theme, status, notice);
  }

  private async demandFor(caller: Caller): Promise<Demand | undefined> {
    const { kind } = caller.destination;
    const { challenge } = this.gate.options;
    if (kind !== undefined) return demandOf(kind) ?? onlyKind(challenge.kind(kind));
    return challenge.demand(caller.client, caller.request, await this.levels.ask(caller.client));
  }

  private visit(caller: Caller): Visit {
    const { client, request, service } = caller;
    const language = negotiateLanguage(request.header("accept-language"));
    const texts = textsFor(language, this.gate.runtime.options.theme);
    return {
      client,
      request,
      service,
      language,
      texts,
      uri: this.gate.options.uri,
      difficulty: this.gauge.bitsFor(client, request),
      frame: false,
      now: this.gate.runtime.now(),
    };
  }
}

function onlyKind(kind: ChallengeKind | undefined): Demand | undefined {
  return kind && { kind, accepted: [kind.name] };
}

function redirect(status: 302 | 303, location: string, cookies: string[] = []): Answer {
  return {
    status,
    headers: {
      ...ANSWER_HEADERS,
      Location: location,
      ...(cookies.length > 0 ? { "Set-Cookie": cookies } : {}),
    },
    body: "",
  };
}
