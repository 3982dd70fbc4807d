import cluster from "node:cluster";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { BanProtection } from "../engine/ban-protection.js";
import { Engine, type Middleware, type Running } from "../engine/engine.js";
import { reasoningOfVerdict } from "../engine/explain.js";
import { BunkerOptionsError } from "../errors.js";
import { asMiddleware } from "../engine/mounted.js";
import type { ReportProblem } from "../options/check.js";
import { allProblemsAtOnce, nearestName, readOptions } from "../options/table.js";
import type { Gate, Protection } from "../engine/protection.js";
import { Context } from "../engine/context.js";
import { checkTogether, sharedTable, type SharedOptions } from "../engine/shared-options.js";
import { judgeUpgrade } from "../engine/upgrade.js";
import { MemoryStore } from "../store/memory-store.js";
import type { Awaitable } from "../awaitable.js";
import { checkProvider, isProviderName } from "./challenges/providers/checks.js";
import { requirementFor } from "./challenge-policy.js";
import { GateProtection } from "./gate.js";
import { checkLookups } from "./lookups/options.js";
import { KIND_NAMES, type KindName } from "./kind-names.js";
import { antibotTable, type AntibotOptions, type AntibotResolved } from "./options.js";

/** What {@link antibot} answers, besides the middleware. */
export interface AntibotParts {
  /** Where challenges are served. */
  readonly uri: string;
  /** Serves the challenges, for `app.use(gate.uri, gate.router)`. The gate itself does, too, where it is not mounted. */
  readonly router: Middleware;
  /** A middleware for one route that wants a pass of exactly this kind. */
  require(kind: KindName): Middleware;
  /** Judges an upgrade: `true` = let it through, `false` = answered and closed. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Awaitable<boolean>;
  /** For `badBehavior({ gate })`, so that bans can challenge instead of refuse. */
  readonly gate: Gate;
}

/** What {@link antibot} answers. */
export type Antibot = Middleware & Running & AntibotParts;

const table = { ...sharedTable, ...antibotTable };

/**
 * The gate: a visitor proves to be human before the site opens (BunkerWeb's Antibot).
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every wrong option
 * @example
 * const gate = antibot({ challenge: "cookie", sessions: { secret: process.env.SESSIONS_SECRET } });
 * app.use(gate);
 */
export function antibot<Req extends IncomingMessage = IncomingMessage>(
  options: SharedOptions<Req> & AntibotOptions<Req>,
): Antibot {
  const resolved = allProblemsAtOnce((report) => {
    const read = readOptions(table, options, "", report);
    checkTogether(read, "", report);
    checkAntibot((options as AntibotOptions | undefined) ?? {}, read, read.store, "", report);
    return read;
  });
  const context = new Context(resolved, options as SharedOptions);
  const gate = new GateProtection(context, resolved);
  const engine = new Engine(context, [new BanProtection(context, () => gate), gate]);
  return asMiddleware(engine, gateParts(engine, gate));
}

/** What only several options together can get wrong. */
export function checkAntibot(
  given: Partial<AntibotOptions>,
  options: AntibotResolved,
  store: unknown,
  prefix: string,
  report: ReportProblem,
): void {
  const at = (name: string): string => (prefix === "" ? name : `${prefix}.${name}`);
  const names = Object.keys(antibotTable);
  // A misspelt name has been reported as what it is.
  const misspelt = Object.keys(given).some(
    (name) => !names.includes(name) && nearestName(name, names) === "challenge",
  );
  if (given.challenge === undefined && !misspelt) {
    report({
      path: at("challenge"),
      value: undefined,
      allowed: `what visitors must do: ${KIND_NAMES.map((name) => `"${name}"`).join(", ")}, …`,
    });
  }
  for (const name of options.challenge.names)
    if (isProviderName(name)) checkProvider(name, options, at, report);
  checkLookups(options, at, report);
  if (options.successUri.split(/[?#]/, 1)[0] === options.uri) {
    report({
      path: at("successUri"),
      value: options.successUri,
      allowed: "a path other than the challenge's",
    });
  }
  if (options.sessions.secret.length === 0 && cluster.isWorker && store instanceof MemoryStore) {
    report({
      path: "sessions.secret",
      value: undefined,
      allowed:
        "a secret that all workers share, or a store that they share: each worker would refuse the others' passes",
    });
  }
}

/** The parts of a gate that its engine does not have. */
export function gateParts(engine: Engine, gate: GateProtection): AntibotParts {
  const { context } = gate;
  return {
    uri: gate.options.uri,
    gate,
    router: new Engine(context, [routerOf(gate)]).middleware(),
    require: (kind) => new Engine(context, [requirementOf(gate, kind)]).middleware(),
    upgrade: (req, socket) => judgeUpgrade(engine, req, socket),
  };
}

// Serves whatever reaches it: the mount point decides what that is.
function routerOf(gate: GateProtection): Protection {
  return protectionOf(gate, (client, request) => gate.serve(client, request));
}

function protectionOf({ name }: GateProtection, judge: Protection["judge"]): Protection {
  const explain: Protection["explain"] = async (client, request) =>
    reasoningOfVerdict(await judge(client, request));
  return { name, failClosed: true, judge, explain };
}

function requirementOf(gate: GateProtection, kind: string): Protection {
  if (gate.kinds.get(kind) === undefined) {
    const nearest = nearestName(kind, KIND_NAMES);
    throw new BunkerOptionsError([
      {
        path: "require(kind)",
        value: kind,
        allowed: KIND_NAMES.join(", "),
        ...(nearest === undefined ? {} : { nearest }),
      },
    ]);
  }
  const demand = requirementFor(kind);
  return protectionOf(gate, (client, request) => gate.require(demand, client, request));
}
