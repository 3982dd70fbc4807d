import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Client } from "../request/client.js";
import { Engine, type Middleware } from "../engine/engine.js";
import { exclusionOf } from "../engine/exclusions.js";
import { cacheFigures, type Figure } from "../engine/figure.js";
import { reasoningOfVerdict } from "../engine/explain.js";
import { isBuiltInPass, uriMatches, type CanonicalPath } from "../request/path.js";
import type { Pattern } from "../pattern/pattern.js";
import type { Gate, Grounds, Protection, ProtectionExplanation } from "../engine/protection.js";
import type { RequestView } from "../request/request-view.js";
import type { Context } from "../engine/context.js";
import { judgeUpgrade } from "../engine/judge-upgrade.js";
import { PASS, type Challenge, type Pass, type Verdict } from "../request/verdict.js";
import { BunkerOptionsError } from "../errors.js";
import { nearestName } from "../options/table.js";
import { isThenable, type Awaitable } from "../awaitable.js";
import { ChallengeEndpoint } from "./challenge-endpoint.js";
import { KIND_NAMES, requirementFor, type KindName, type Requirement } from "./challenge-policy.js";
import { respondWithChallenge } from "./challenge-response.js";
import { isChallengeUri, type ChallengeUri } from "./challenge-uri.js";
import { createGateContext, type GateContext } from "./gate-context.js";
import { hasIgnoredCookie, warnOfBareCookies } from "./lookups/ignore-cookie.js";
import { LookupExclusions } from "./lookups/lookup-exclusions.js";
import type { AntibotResolved } from "./options.js";

const BUILT_IN: Pass = Object.freeze({ action: "pass", why: "built-in" });
const PREFLIGHT: Pass = Object.freeze({ action: "pass", why: "preflight" });
const NOT_INCLUDED: Pass = Object.freeze({ action: "pass", why: "include" });
const NOT_GATED: Pass = Object.freeze({ action: "pass", why: "challenge" });
const IGNORED_COOKIE: Pass = Object.freeze({ action: "pass", why: "ignoreCookie" });

/** The parts of a gate besides its middleware. */
export interface AntibotParts {
  /** Where challenges are served: below the path, if there is one, on which the app has mounted the gate. */
  readonly uri: string;
  /** Serves the challenges, for `app.use(gate.uri, gate.router)`. Where it is not mounted, the gate serves them itself. */
  readonly router: Middleware;
  /**
   * A middleware for one route that asks for a pass of exactly this kind.
   *
   * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` if there is no challenge kind of that name
   */
  require(kind: KindName): Middleware;
  /** Judges an upgrade: `true` = let it through, `false` = refused and closed. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Awaitable<boolean>;
  /** For `badBehavior({ gate })`, so that bans can challenge instead of refuse. */
  readonly gate: Gate;
}

/** Lets clients in that hold a valid pass, and sends the others to the challenge. */
export class GateProtection implements Protection, Gate {
  readonly name = "antibot";
  readonly failClosed = true;
  readonly requestsOnly = true;
  private readonly gate: GateContext;
  private readonly endpoint: ChallengeEndpoint;
  private readonly lookups: LookupExclusions;
  /** Whether a good pass alone decides, once a client has one. */
  private readonly remembers: boolean;

  constructor(
    private readonly context: Context,
    private readonly options: AntibotResolved,
  ) {
    this.gate = createGateContext(context, options);
    this.endpoint = new ChallengeEndpoint(this.gate);
    this.lookups = new LookupExclusions(context, options);
    const { challenge, include, ignoreUri, ignoreUserAgent, ignoreCookie } = options;
    const rules = [include, ignoreUri, ignoreUserAgent, ignoreCookie];
    this.remembers = !challenge.isHook && rules.every(({ length }) => length === 0);
    warnOfBareCookies(options.ignoreCookie, context);
    context.banIndex.retention = Math.max(context.banIndex.retention, options.timeValid);
    context.onClose(context.events.on("banned", (event) => this.gate.passes.revokeOf(event)));
  }

  judge(client: Client, request: RequestView): Awaitable<Verdict> {
    const uri = this.gate.uris.served(request);
    if (isChallengeUri(request.path, uri)) return this.endpoint.judge(client, request, uri);
    const excluded = this.exclusion(client, request);
    if (excluded !== undefined) return excluded;
    const requirement = this.requirement(client, request);
    if (requirement === undefined) return NOT_GATED;
    return this.hasPass(client, request, requirement)
      ? PASS
      : this.withoutPass(client, request, { requirement, uri, lookups: this.lookups });
  }

  grounds(client: Client): Grounds | undefined {
    return this.remembers && this.isAtFirstStep(client) ? this.gate.passes.grounds : undefined;
  }

  stands(grounds: Grounds, client: Client, request: RequestView): boolean {
    return (
      !this.isApart(request) &&
      this.options.ignoreIp.size === 0 &&
      this.isAtFirstStep(client) &&
      this.gate.passes.stillHas(grounds, client, request)
    );
  }

  // Judging leaves no trace: a client that is challenged is not remembered.
  async explain(client: Client, request: RequestView): Promise<ProtectionExplanation> {
    const verdict = await this.judge(client, request);
    return verdict === PASS ? { verdict: "pass", reason: "a good pass" } : reasoningOfVerdict(verdict);
  }

  challenge(client: Client, request: RequestView): Awaitable<Verdict> {
    const uri = this.gate.uris.served(request);
    if (isChallengeUri(request.path, uri)) return this.endpoint.judge(client, request, uri);
    const requirement = this.requirement(client, request) ?? requirementFor("cookie");
    return this.hasPass(client, request, requirement)
      ? PASS
      : this.withoutPass(client, request, { requirement, uri });
  }

  /** Remembers the passes that a request carries which this gate did not judge. */
  noteCarried(bearer: Client, request: RequestView): void {
    const { crypto, passes } = this.gate;
    if (crypto.ready() === undefined) passes.noteCarried(bearer, request);
  }

  async start(): Promise<void> {
    await this.gate.crypto.ready();
  }

  figures(): readonly Figure[] {
    return cacheFigures("passes", this.gate.passes.cache);
  }

  parts(engine: Engine): AntibotParts {
    return {
      uri: this.options.uri,
      gate: this,
      router: this.middleware((client, request) =>
        this.endpoint.judge(client, request, this.gate.uris.routed(request)),
      ),
      require: (kind) => this.require(kind),
      upgrade: (req, socket) => judgeUpgrade(engine, req, socket),
    };
  }

  // No exclusion applies.
  private require(kind: KindName): Middleware {
    if (this.gate.challenges.get(kind) === undefined) {
      const [allowed, nearest] = [KIND_NAMES.join(", "), nearestName(kind, KIND_NAMES)];
      throw new BunkerOptionsError([{ path: "require(kind)", value: kind, allowed, nearest }]);
    }
    const requirement: Requirement = { kind, accepted: [kind], byRoute: true };
    return this.middleware((client, request) => {
      const { uris } = this.gate;
      const uri = uris.nearestTo(request);
      // A page that was served before the gate's own mount point was known is posted to this one.
      const own = isChallengeUri(request.path, uri) ? uri : uris.mountedAt(request);
      if (isChallengeUri(request.path, own)) return this.endpoint.judge(client, request, own);
      return this.hasPass(client, request, requirement)
        ? PASS
        : this.withoutPass(client, request, { requirement, uri });
    });
  }

  private middleware(judge: Protection["judge"]): Middleware {
    const explain: Protection["explain"] = async (client, request) =>
      reasoningOfVerdict(await judge(client, request));
    return new Engine(this.context, [{ name: this.name, failClosed: true, judge, explain }]).middleware();
  }

  private isAtFirstStep(client: Client): boolean {
    return this.gate.escalation.localStep(client) === 0;
  }

  // Whether a request may be for the gate itself, or for something that is never gated.
  private isApart(request: RequestView): boolean {
    if (request.method === "OPTIONS") return true;
    if (this.gate.uris.isElsewhere(request)) return false;
    const { path } = request;
    return isBuiltInPass(path) || isChallengeUri(path, this.gate.uris.served(request));
  }

  private requirement(client: Client, request: RequestView): Requirement | undefined {
    return this.options.challenge.requirement(client, request, this.gate.escalation.localStep(client));
  }

  // `false` also while the keys are being read.
  private hasPass(client: Client, request: RequestView, { accepted }: Requirement): boolean {
    const { passes, crypto } = this.gate;
    if (crypto.ready() !== undefined || !passes.has(client, request, accepted)) return false;
    if (this.options.renew) passes.renew(client, request);
    return true;
  }

  // A challenge; where `lookups` are given, an exclusion that takes a look-up comes first: clients with a pass do not wait for it.
  private withoutPass(
    client: Client,
    request: RequestView,
    asked: { requirement: Requirement; uri: ChallengeUri; lookups?: LookupExclusions },
  ): Awaitable<Verdict> {
    const { requirement, lookups } = asked;
    const loading = this.gate.crypto.ready();
    if (loading !== undefined)
      return loading.then(() =>
        this.hasPass(client, request, requirement) ? PASS : this.withoutPass(client, request, asked),
      );
    this.gate.passes.warnOfForeign(request);
    const challenge: Challenge = {
      action: "challenge",
      protection: this.name,
      reason: "no pass",
      data: { kind: requirement.kind },
      reply: () => respondWithChallenge(this.gate, client, request, asked),
    };
    const why = lookups?.of(client, request);
    if (isThenable(why))
      return why.then((late) => (late === undefined ? challenge : { action: "pass", why: late }));
    return why === undefined ? challenge : { action: "pass", why };
  }

  private exclusion(client: Client, request: RequestView): Pass | undefined {
    const { include, ignoreCookie, preflight } = this.options;
    const { path } = request;
    if (isBuiltInPass(path)) return BUILT_IN;
    if (preflight === "pass" && isPreflight(request)) return PREFLIGHT;
    if (include.length > 0 && !path.suspicious && !include.some((pattern) => isIncluded(pattern, path)))
      return NOT_INCLUDED;
    const why = exclusionOf(this.options, client, request);
    if (why !== undefined) return { action: "pass", why };
    return ignoreCookie.length > 0 && hasIgnoredCookie(ignoreCookie, client, request, this.context)
      ? IGNORED_COOKIE
      : undefined;
  }
}

// R7: `include` ignores case (its patterns do) and a trailing slash, since the app behind may, too.
function isIncluded(pattern: Pattern, path: CanonicalPath): boolean {
  const bare = path.path.length > 1 && path.path.endsWith("/") ? path.path.slice(0, -1) : path.path;
  // Padding must not help either: a path too long for the pattern counts as included.
  return [bare, `${bare}/`].some(
    (text) => text.length > pattern.limit || uriMatches(pattern, { ...path, path: text }),
  );
}

// R9: only a bodiless OPTIONS that has both headers. An HTTP/2 body needs no header that names it: the stream goes on.
function isPreflight(request: RequestView): boolean {
  if (request.method !== "OPTIONS" || request.header("origin") === undefined) return false;
  const bodiless =
    request.header("transfer-encoding") === undefined &&
    (request.header("content-length") ?? "0") === "0" &&
    request.raw.stream?.endAfterHeaders !== false;
  return bodiless && request.header("access-control-request-method") !== undefined;
}
