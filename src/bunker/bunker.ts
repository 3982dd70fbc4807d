/* eslint-disable @typescript-eslint/no-require-imports -- parts that most apps do not use are loaded with their first call */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { AntibotParts } from "../antibot/gate.js";
import { readBunkerOptions, withOptions, type BunkerOptions } from "./options.js";
import { bunkernetParts, type BunkernetParts } from "../bunkernet/bunkernet.js";
import type * as ControlModule from "../control/index.js";
import type { Control, ControlOptions, Controls } from "../control/index.js";
import type { BanList } from "../bans/ban-list.js";
import type { Middleware, Running } from "../engine/engine.js";
import type * as TraceModule from "./detect-trace.js";
import type * as ExplainModule from "../engine/explain.js";
import type { Explanation, ImaginedRequest } from "../engine/explain.js";
import { allProblemsAtOnce } from "../options/table.js";
import { closeInTime } from "../engine/close-in-time.js";
import { Context } from "../engine/context.js";
import type { Mode } from "../engine/security-mode.js";
import type { SharedOptions } from "../engine/shared-options.js";
import type * as ModeModule from "../engine/switch-mode.js";
import type { ModeInForce, ModeOptions } from "../engine/switch-mode.js";
import { judgeUpgrade } from "../engine/judge-upgrade.js";
import type { DnsblParts } from "../dnsbl/dnsbl-parts.js";
import { Composition } from "./compose.js";
import type { Store } from "../store/store.js";
import type { Awaitable } from "../awaitable.js";
import type * as GuardModule from "../connections/guard-server.js";
import type { GuardOptions } from "../connections/guard-server.js";
import { watchTraffic } from "../warnings/watch.js";
import { signOptionsOf } from "./sign-options.js";

export type { BunkerOptions } from "./options.js";

/** The result of {@link bunker}. */
export type Bunker = Middleware &
  Running & {
    readonly bans: BanList;
    readonly store: Store;
    readonly antibot: AntibotParts | undefined;
    readonly badBehavior: { readonly bans: BanList } | undefined;
    readonly dnsbl: DnsblParts | undefined;
    readonly bunkernet: BunkernetParts | undefined;
    /**
     * Judges every upgrade (WebSocket) of `server` before its listeners see it, and closes the upgraded connections of clients
     * that are banned later. With `connections: true`, banned and listed clients are dropped before TLS and HTTP.
     *
     * @returns a function that undoes this
     * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option
     */
    guard(server: Server, options?: GuardOptions): () => void;
    /** Returns the mode in force. */
    mode(): ModeInForce;
    /**
     * Sets the mode of all services at run time, whatever is configured; `"configured"` undoes that. It holds for all middlewares on the
     * store and all instances that share it, in this process at once, and ends by itself. A restart on a store that outlives it
     * does not end it.
     *
     * @returns the mode in force
     * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid argument, as a rejection
     * @throws {StoreFailure} `ERR_BUNKER_STORE`, as a rejection, when the store cannot be written; the mode is in force on this instance
     *   nevertheless, and on the others when the store is back
     * @example await guard.mode("detect", { for: 3600 });
     */
    mode(mode: Mode | "configured", options?: ModeOptions): Promise<ModeInForce>;
    /**
     * Explains step by step how a request would be judged, without counting, banning, emitting events or responding.
     *
     * @param subject a request, or the address of a client with an imaginary request
     * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` if `ip` is not a valid address, as a rejection
     */
    explain(subject: IncomingMessage | ImaginedRequest): Promise<Explanation>;
    /**
     * Opens a control socket: a unix socket that only this user may open, through which `npx express-bunker` inspects and
     * controls this app. The socket keeps no process alive, and `close()` removes it.
     *
     * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option, as a rejection
     * @throws {ControlSocketError} `ERR_BUNKER_CONTROL` if the socket cannot be created, as a rejection
     */
    control(options?: ControlOptions): Promise<Control>;
    /** Judges an upgrade by all protections: `true` = admitted, `false` = refused and closed. */
    upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Awaitable<boolean>;
  };

/**
 * All protections as one middleware with one verdict: bans, BunkerNet, DNS blocklists, Bad Behavior and the gate.
 *
 * @throws {BunkerOptionsError} `ERR_BUNKER_OPTIONS` with every invalid option
 * @example app.use(bunker({ antibot: { challenge: "cookie" }, sessions: { secret: process.env.SESSIONS_SECRET } }));
 */
export function bunker<Req extends IncomingMessage = IncomingMessage>(
  options: BunkerOptions<Req> = {},
): Bunker {
  const setup = allProblemsAtOnce((report) => readBunkerOptions(options, report));
  const { common, services } = setup;
  const context = new Context(common, options as SharedOptions);
  const composition = new Composition(context, {
    common,
    services,
    bunkernetByDefault: options.bunkernet === undefined,
  });
  const { engine, dnsbl, bunkernet } = composition;
  if (common.watch) watchTraffic(context, signOptionsOf(common));
  const detects = [common, ...services.values()].some(({ mode }) => mode === "detect");
  const { logger } = common;
  if (logger !== false) {
    const trace = (): (() => void) =>
      (require("./detect-trace.js") as typeof TraceModule).traceDetected(engine, logger);
    context.onClose(detects ? trace() : context.securityMode.whileDetecting(trace));
  }
  const explained = async (subject: IncomingMessage | ImaginedRequest): Promise<Explanation> =>
    (require("../engine/explain.js") as typeof ExplainModule).explain(engine, subject);
  const mode = (wanted?: Mode | "configured", how?: ModeOptions): Awaitable<ModeInForce> => {
    const { modeInForce, switchMode } = require("../engine/switch-mode.js") as typeof ModeModule;
    if (wanted === undefined) return modeInForce(engine);
    return switchMode(context.securityMode, wanted, how).then(() => modeInForce(engine));
  };
  let controls: Controls | undefined;
  let closed = false;
  const makeControls = (): Controls =>
    new (require("../control/index.js") as typeof ControlModule).Controls({
      bans: context.bans,
      explain: explained,
      mode,
      health: () => engine.health(),
      bunkernet: bunkernet && bunkernetParts(bunkernet),
      lookups: {
        resolver: common.resolver,
        dnsbl: common.dnsbl === false ? undefined : common.dnsbl,
        ...(common.antibot === false ? {} : common.antibot.geo),
      },
    });
  // A socket that is asked for after `close()` is closed at once.
  const controlsOf = (): Controls => {
    if (controls !== undefined) return controls;
    controls = makeControls();
    if (closed) void controls.close();
    return controls;
  };
  const guard = engine.asMiddleware({
    bans: context.bans,
    store: common.store,
    antibot: composition.gates(),
    badBehavior: composition.countsResponses ? { bans: context.bans } : undefined,
    dnsbl: dnsbl?.parts,
    bunkernet: bunkernet && bunkernetParts(bunkernet),
    guard: (server: Server, how?: GuardOptions) =>
      (require("../connections/guard-server.js") as typeof GuardModule).guardServer(engine, server, how),
    mode: mode as Bunker["mode"],
    explain: explained,
    control: (how?: ControlOptions) => controlsOf().control(how),
    close: () => closeInTime([() => ((closed = true), controls?.close()), () => engine.close()]),
    upgrade: (req: IncomingMessage, socket: Duplex) => judgeUpgrade(engine, req, socket),
  });
  return withOptions(guard, options, setup);
}
