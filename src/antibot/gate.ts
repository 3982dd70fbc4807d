import type { Client } from "../request/client.js";
import { exclusionOf } from "../engine/exclusions.js";
import { reasoningOfVerdict } from "../engine/explain.js";
import { isBuiltInPass, type CanonicalPath } from "../request/path.js";
import { type Pattern } from "../pattern/pattern.js";
import { uriMatches } from "../request/path.js";
import type { Gate, Protection, ProtectionExplanation } from "../engine/protection.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import { DEFAULT_SERVICE } from "../service-name.js";
import { PASS, type Challenge, type Pass as PassVerdict, type Verdict } from "../request/verdict.js";
import { isThenable } from "../awaitable.js";
import type { Awaitable } from "../awaitable.js";
import { requirementFor, type Requirement } from "./challenge-policy.js";
import { ChallengeEndpoint } from "./challenge-endpoint.js";
import { gateCrypto, type GateCrypto } from "./gate-crypto.js";
import { ChallengeRegistry } from "./challenge-registry.js";
import { bearsIgnoredCookie, warnOfBareCookies } from "./lookups/ignore-cookie.js";
import { LookupExclusions } from "./lookups/lookup-exclusions.js";
import type { AntibotResolved } from "./options.js";
import { respondWithChallenge } from "./challenge-response.js";
import { PassStorage } from "./passes/pass-storage.js";

const BUILT_IN: PassVerdict = Object.freeze({ action: "pass", why: "built-in" });
const PREFLIGHT: PassVerdict = Object.freeze({ action: "pass", why: "preflight" });
const NOT_INCLUDED: PassVerdict = Object.freeze({ action: "pass", why: "include" });
const NOT_GATED: PassVerdict = Object.freeze({ action: "pass", why: "challenge" });

const IGNORED_COOKIE: PassVerdict = Object.freeze({ action: "pass", why: "ignoreCookie" });

/** How a demand is made: exclusions that take a look-up may help; nothing but a pass does; or a route's own kind is wanted. */
type Manner = "excusable" | "strict" | "required";

/** Lets in who holds a good pass, and sends everybody else to the challenge. */
export class GateProtection implements Protection, Gate {
  readonly name = "antibot";
  readonly failClosed = true;
  private tools: GateCrypto | undefined;
  private loading: Promise<GateCrypto> | undefined;
  readonly kinds: ChallengeRegistry;
  readonly desk: ChallengeEndpoint;
  readonly keeper: PassStorage;
  private readonly lookups: LookupExclusions;

  constructor(
    readonly context: Context,
    readonly options: AntibotResolved,
  ) {
    this.kinds = new ChallengeRegistry(options, context);
    this.desk = new ChallengeEndpoint(this);
    this.keeper = new PassStorage(context, options);
    this.lookups = new LookupExclusions(context, options);
    warnOfBareCookies(options.ignoreCookie, context);
    context.banIndex.retention = Math.max(context.banIndex.retention, options.timeValid);
  }

  judge(client: Client, request: RequestView): Awaitable<Verdict> {
    if (this.isOwn(request.path)) return this.serve(client, request);
    return (
      this.excused(client, request) ??
      this.pursue(
        client,
        request,
        this.options.challenge.requirement(client, request, this.desk.levels.of(client)),
        "excusable",
      )
    );
  }

  // Judging leaves no trace: a client that is challenged is not remembered.
  async explain(client: Client, request: RequestView): Promise<ProtectionExplanation> {
    const verdict = await this.judge(client, request);
    return verdict === PASS ? { verdict: "pass", reason: "a good pass" } : reasoningOfVerdict(verdict);
  }

  challenge(client: Client, request: RequestView): Awaitable<Verdict> {
    if (this.isOwn(request.path)) return this.serve(client, request);
    const asked = this.options.challenge.requirement(client, request, this.desk.levels.of(client));
    return this.pursue(client, request, asked ?? requirementFor("cookie"), "strict");
  }

  /** What a route asks for that wants exactly this kind, whoever is excused elsewhere. */
  require(demand: Requirement, client: Client, request: RequestView): Awaitable<Verdict> {
    return this.isOwn(request.path)
      ? this.serve(client, request)
      : this.pursue(client, request, demand, "required");
  }

  /** The verdict that answers a request for the challenge itself. */
  serve(client: Client, request: RequestView): Challenge {
    return {
      action: "challenge",
      protection: this.name,
      reason: "challenge",
      data: {},
      serving: true,
      reply: async () => this.desk.answer(client, request, await this.toolbox()),
    };
  }

  async start(): Promise<void> {
    await this.toolbox();
  }

  /** The good pass of a client that shows one of the `accepted` kinds, if it has one. */
  passOf(client: Client, request: RequestView, accepted: readonly string[], tools: GateCrypto): boolean {
    const service = serviceOf(client);
    const now = this.context.now();
    for (const value of this.keeper.read(client, request, service, tools)) {
      const pass = tools.passes.check(value, client, request, service, now);
      if (pass === undefined || this.context.banIndex.voids(client, client.service, pass.issued)) continue;
      request.pass ??= pass;
      if (pass.kinds.some((kind) => accepted.includes(kind) || accepted.includes(standingFor(kind))))
        return true;
    }
    return false;
  }

  /**
   * The kinds that meet a demand: with `noscript: "captcha"`, a captcha does for the proof of work (R35), which is its own
   * alternative; for nothing dearer (R21).
   */
  accepted({ accepted }: Requirement): readonly string[] {
    return this.options.noscript === "captcha" && accepted.includes("javascript")
      ? [...accepted, "captcha"]
      : accepted;
  }

  // Who keeps coming keeps the pass: in the second half of its life a page brings a new one along.
  private renew(client: Client, request: RequestView, tools: GateCrypto): void {
    const { pass } = request;
    if (pass === undefined || !request.isNavigation) return;
    if (this.context.now() - pass.issued < this.options.timeValid * 500) return;
    const service = serviceOf(client);
    const now = this.context.banIndex.stamp();
    const fresh = tools.passes.issue(
      client,
      request,
      service,
      new Map(pass.kinds.map((kind) => [kind, now])),
      now,
    );
    request.cookies = [tools.cookies.setPass(client, request, service, fresh, this.options.timeValid)];
  }

  /** The gate's keys and cookies; waits where the secret has still to come from the store. */
  toolbox(): Awaitable<GateCrypto> {
    if (this.tools !== undefined) return this.tools;
    if (this.loading !== undefined) return this.loading;
    const made = gateCrypto(this.context, this.options);
    if (!isThenable(made)) return (this.tools = made);
    this.loading = made.then((tools) => (this.tools = tools)).finally(() => (this.loading = undefined));
    return this.loading;
  }

  private isOwn(path: CanonicalPath): boolean {
    const { uri } = this.options;
    return (
      path.path.startsWith(uri) &&
      (path.path.length === uri.length || path.path.charCodeAt(uri.length) === 47) &&
      !path.suspicious
    );
  }

  private excused(client: Client, request: RequestView): PassVerdict | undefined {
    const { options } = this;
    const { path } = request;
    if (isBuiltInPass(path)) return BUILT_IN;
    if (options.preflight === "pass" && isPreflight(request)) return PREFLIGHT;
    if (
      options.include.length > 0 &&
      !path.suspicious &&
      !options.include.some((pattern) => included(pattern, path))
    )
      return NOT_INCLUDED;
    const why = exclusionOf(options, client, request);
    if (why !== undefined) return { action: "pass", why };
    return options.ignoreCookie.length > 0 &&
      bearsIgnoredCookie(options.ignoreCookie, client, request, this.context)
      ? IGNORED_COOKIE
      : undefined;
  }

  private pursue(
    client: Client,
    request: RequestView,
    demand: Requirement | undefined,
    manner: Manner,
  ): Awaitable<Verdict> {
    if (demand === undefined) return NOT_GATED;
    const tools = this.toolbox();
    if (isThenable(tools)) return tools.then((ready) => this.stop(client, request, demand, ready, manner));
    return this.stop(client, request, demand, tools, manner);
  }

  private stop(
    client: Client,
    request: RequestView,
    demand: Requirement,
    tools: GateCrypto,
    manner: Manner,
  ): Awaitable<Verdict> {
    if (this.passOf(client, request, this.accepted(demand), tools)) {
      if (this.options.renew) this.renew(client, request, tools);
      return PASS;
    }
    this.keeper.noteForeign(request, tools);
    const challenge: Challenge = {
      action: "challenge",
      protection: this.name,
      reason: "no pass",
      data: { kind: demand.kind },
      reply: () => respondWithChallenge(this, client, request, tools, demand, manner === "required"),
    };
    if (manner !== "excusable" || !this.lookups.active) return challenge;
    // Only now: nobody who holds a pass waits for a look-up.
    const why = this.lookups.of(client, request);
    if (isThenable(why))
      return why.then((late) => (late === undefined ? challenge : { action: "pass", why: late }));
    return why === undefined ? challenge : { action: "pass", why };
  }
}

/** What a provider's stand-in stands for: its passes say so, and are good where the provider's are. */
function standingFor(kind: string): string {
  return kind.endsWith("-outage") ? kind.slice(0, -"-outage".length) : kind;
}

/** The service that a client's passes are for. */
export function serviceOf(client: Client): string {
  return client.service ?? DEFAULT_SERVICE;
}

// R7: `include` ignores case (its patterns do) and a trailing slash, since the app behind may, too.
function included(pattern: Pattern, path: CanonicalPath): boolean {
  const bare = path.path.length > 1 && path.path.endsWith("/") ? path.path.slice(0, -1) : path.path;
  // Nor may padding help: what is too long for the pattern counts as included.
  return [bare, `${bare}/`].some(
    (text) => text.length > pattern.limit || uriMatches(pattern, { ...path, path: text }),
  );
}

// R9: only a bodiless OPTIONS that carries both headers.
function isPreflight(request: RequestView): boolean {
  if (request.method !== "OPTIONS" || request.header("origin") === undefined) return false;
  const bodiless =
    request.header("transfer-encoding") === undefined && (request.header("content-length") ?? "0") === "0";
  return bodiless && request.header("access-control-request-method") !== undefined;
}
