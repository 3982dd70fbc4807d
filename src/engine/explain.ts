import type { IncomingHttpHeaders } from "node:http";
import { parseAddress } from "../address/address.js";
import { Client } from "../request/client.js";
import type { Engine } from "./engine.js";
import { BunkerBanError, messageOf } from "../errors.js";
import { callHook } from "./pipeline.js";
import type { Protection, ProtectionExplanation } from "./protection.js";
import { RequestView } from "../request/request-view.js";
import type { RequestLike } from "../request/request-like.js";
import type { Verdict } from "../request/verdict.js";

/** A request to explain that was never sent. */
export interface ImaginedRequest {
  /** The client's address. Forwarding headers are ignored. */
  readonly ip: string;
  /** Path and query, or a whole URL, whose host becomes the Host header. Default `"/"`. */
  readonly url?: string;
  /** Default `"GET"`. */
  readonly method?: string;
  /** Header names in any case. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** One step of the decision about a request. */
export interface ExplainedStep extends ProtectionExplanation {
  /** `allow`, `skip`, `services`, or a protection's name. */
  readonly protection: string;
  /** `false` = an earlier step decides, so that this one would not be reached. */
  readonly reached: boolean;
}

/** The decision about a request, with every step that leads to it. */
export interface Explanation {
  readonly client: {
    readonly ip: string;
    /** The key of its bans and counters: the IPv4 address, or the IPv6 prefix. */
    readonly key: string;
    /** `undefined` = the Host is not configured. */
    readonly service: string | undefined;
    readonly isGlobal: boolean;
    /** Whether it is one of the proxies that `trustProxy` names; those are never banned. */
    readonly isProxy: boolean;
  };
  /** All steps, in the order in which they are taken. */
  readonly steps: readonly ExplainedStep[];
  /** The decision; in `detect` mode it would only be reported. */
  readonly verdict: "pass" | "deny" | "challenge";
  /** The name of the step that decides; `undefined` when all of them pass. */
  readonly by: string | undefined;
  /** The mode in force for the service of the request. */
  readonly mode: "block" | "detect";
}

const FORWARDING = new Set(["x-forwarded-for", "forwarded"]);

/**
 * Explains what would happen to a request: every step in order, whether it would be reached or not. It counts, bans, emits
 * and sends nothing; hooks are called as for any request, and a protection may look addresses up.
 *
 * @param subject a request, or the description of one
 * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS`, as a rejection, if `ip` is not a valid address
 */
export async function explain(engine: Engine, subject: RequestLike | ImaginedRequest): Promise<Explanation> {
  const { resolver, securityMode } = engine.context;
  // If it cannot be read, the mode is what this instance knows.
  await securityMode.ready()?.catch(() => undefined);
  const request = isRequest(subject) ? new RequestView(subject) : viewFor(engine, subject);
  const steps: ExplainedStep[] = [];
  let decided: ExplainedStep | undefined;
  const add = (protection: string, reasoning: ProtectionExplanation, decides: boolean): void => {
    const step = { protection, reached: decided === undefined, ...reasoning };
    steps.push(step);
    if (decides) decided ??= step;
  };
  const client = request.client(resolver, engine.apps.of(request.raw));
  const judge = engine.pipelineOf(client);
  const { options } = judge.context;
  const allowed = judge.allows(client);
  if (options.allow.size > 0)
    add("allow", { verdict: "pass", reason: allowed ? "on `allow`" : "not on `allow`" }, allowed);
  if (options.skip !== undefined) {
    const skipping = skipped(options.skip, request);
    add("skip", skipping.reasoning, skipping.skips);
  }
  if (client.service === undefined && options.unknownHost === "deny")
    add(
      "services",
      {
        verdict: "deny",
        reason: "unknown host",
        data: { host: (request.header("host") ?? "").slice(0, 255) },
      },
      true,
    );
  for (const protection of judge.protections) {
    const reasoning = await reasoningOf(protection, client, request);
    add(protection.name, reasoning, reasoning.verdict === "deny" || reasoning.verdict === "challenge");
  }
  return {
    client: {
      ip: client.ip,
      key: client.key,
      service: client.service,
      isGlobal: client.isGlobal,
      isProxy: client.identity.isProxy,
    },
    steps,
    verdict: decided === undefined ? "pass" : (decided as ExplainedStep & { verdict: "pass" }).verdict,
    by: decided?.protection,
    mode: judge.context.mode,
  };
}

/** Turns a verdict into an explanation. */
export function reasoningOfVerdict(verdict: Verdict): ProtectionExplanation {
  if (verdict.action === "pass") return { verdict: "pass", reason: verdict.why ?? "nothing against it" };
  return { verdict: verdict.action, reason: verdict.reason, data: verdict.data };
}

function isRequest(subject: unknown): subject is RequestLike {
  return typeof subject === "object" && subject !== null && "socket" in subject && "headers" in subject;
}

function viewFor(engine: Engine, subject: unknown): RequestView {
  const { ip, url, method, headers } = (subject ?? {}) as Record<string, unknown>;
  const address = typeof ip === "string" ? parseAddress(ip) : undefined;
  if (address === undefined)
    throw new BunkerBanError(
      "ERR_BUNKER_BAN_ADDRESS",
      `"${String(ip).slice(0, 64)}" is not a valid IP address`,
    );
  const { resolver } = engine.context;
  const target = typeof url === "string" ? url : "/";
  const raw: RequestLike = {
    method: typeof method === "string" ? method : "GET",
    url: target,
    headers: {
      ...(/^https?:/i.test(target) && URL.canParse(target) ? { host: new URL(target).host } : {}),
      ...headersOf(headers),
    },
    socket: { remoteAddress: address.text },
  };
  const { identity } = resolver.connectionClient(address.text);
  const service = resolver.config.services.nameOf(raw);
  return RequestView.of(raw, new Client(identity, identity, identity, service), resolver);
}

// Lower case as Node's, without forwarding headers, which could contradict `ip`.
function headersOf(headers: unknown): IncomingHttpHeaders {
  if (typeof headers !== "object" || headers === null) return {};
  const kept: IncomingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers as Record<string, unknown>)) {
    const key = name.toLowerCase();
    const texts = (Array.isArray(value) ? (value as unknown[]) : [value]).filter(
      (one) => typeof one === "string",
    );
    if (texts.length > 0 && !FORWARDING.has(key) && key !== "__proto__") kept[key] = texts.join(", ");
  }
  return kept;
}

function skipped(
  skip: (request: never) => unknown,
  request: RequestView,
): { reasoning: ProtectionExplanation; skips: boolean } {
  try {
    const skips = callHook("skip", skip, request.raw);
    return { skips, reasoning: { verdict: "pass", reason: skips ? "`skip` says so" : "not skipped" } };
  } catch (error) {
    return { skips: false, reasoning: { verdict: "error", reason: "hook", data: messageOf(error) } };
  }
}

async function reasoningOf(
  protection: Protection,
  client: Client,
  request: RequestView,
): Promise<ProtectionExplanation> {
  try {
    return await protection.explain(client, request);
  } catch (error) {
    return { verdict: "error", reason: "exception", data: messageOf(error) };
  }
}
