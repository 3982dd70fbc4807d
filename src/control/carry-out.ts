import type { BunkernetParts } from "../bunkernet/index.js";
import type { Awaitable } from "../awaitable.js";
import type { BanList } from "../bans/ban-list.js";
import type { Health } from "../engine/engine.js";
import type { Explanation, ImaginedRequest } from "../engine/explain.js";
import type { Mode } from "../engine/security-mode.js";
import type { ModeInForce, ModeOptions } from "../engine/switch-mode.js";
import { inspectAddress, type InspectorOptions } from "./address-inspector.js";
import type { BunkernetResult, ControlRequest, ControlResults } from "./messages.js";

/** The parts of an app that a control socket uses. */
export interface ControlParts {
  readonly bans: Pick<BanList, "add" | "remove" | "list">;
  explain(subject: ImaginedRequest): Promise<Explanation>;
  /** Sets the mode, if one is given, and returns the one in force. A store alone does not know the configured modes. */
  mode(mode?: Mode | "configured", options?: ModeOptions): Awaitable<Partial<ModeInForce>>;
  /** The sources of information about an address. */
  readonly lookups: InspectorOptions;
  health(): Health;
  readonly bunkernet: Pick<BunkernetParts, "status" | "sync" | "register" | "ping"> | undefined;
}

/** The maximum number of bans in one reply. */
const MAX_BANS = 100_000;

/** Carries out a request. Rejects if it fails. */
export async function carryOut(
  parts: ControlParts,
  request: ControlRequest,
): Promise<ControlResults[keyof ControlResults]> {
  switch (request.command) {
    case "bans": {
      const bans = await parts.bans.list();
      return { bans: bans.slice(0, Math.min(MAX_BANS, request.limit ?? MAX_BANS)), total: bans.length };
    }
    case "ban": {
      const { ip, ttl, reason, service, force } = request;
      return parts.bans.add(ip, { ttl, reason, service, force, source: { protection: "operator" } });
    }
    case "unban": {
      const { ip, service } = request;
      return { removed: await parts.bans.remove(ip, service === undefined ? {} : { service }) };
    }
    case "check": {
      const { ip, url, headers } = request;
      const [explanation, address] = await Promise.all([
        parts.explain({ ip, ...(url === undefined ? {} : { url }), headers }),
        inspectAddress(ip, parts.lookups),
      ]);
      return { explanation, address };
    }
    case "mode": {
      const { mode, for: time } = request;
      return parts.mode(mode, time === undefined ? {} : { for: time });
    }
    case "health":
      return parts.health();
    case "bunkernet":
      return bunkernetResult(parts.bunkernet, request.action);
  }
}

/** Carries out an action of BunkerNet and returns its status. Rejects if it fails. */
export async function bunkernetResult(
  bunkernet: ControlParts["bunkernet"],
  action: "status" | "sync" | "register" | "ping",
): Promise<BunkernetResult> {
  if (bunkernet === undefined)
    throw Object.assign(new Error("BunkerNet is off in this app"), { code: "ERR_BUNKER_CONTROL" });
  const pong = action === "ping" ? await bunkernet.ping() : undefined;
  if (action === "sync") await bunkernet.sync();
  if (action === "register") await bunkernet.register();
  return { status: bunkernet.status(), ...(pong === undefined ? {} : { pong }) };
}
