import { parseAddress, parseRange, prefixOf, type AddressRange } from "../../address/address.js";
import type { FoundBan } from "../../bans/ban-index.js";
import { inspectAddress } from "../../control/address-inspector.js";
import { printableJson } from "../../printable.js";
import type { AddressDetails, BanRow } from "../api.js";
import { ApiError } from "../api-error.js";
import type { Watched } from "../watched.js";
import { bansAbout, rowOf } from "./bans.js";

const MAX_EVENTS = 100;
/** Bans whose evidence is read. */
const MAX_EVIDENCE = 10;

/** What to find out about an address. */
export interface AddressQuery {
  readonly text: string;
  readonly path: string;
  /** The Host of the request that is explained. */
  readonly service: string | undefined;
  /** Whether DNS is asked. */
  readonly lookup: boolean;
  /** Whether the client is gone. */
  readonly isOver: () => boolean;
}

/** Reads an address or a range. */
export function rangeIn(text: string): AddressRange {
  const range = parseRange(text.trim());
  if (range !== undefined) return range;
  throw new ApiError(400, "bad_request", `"${text.slice(0, 64)}" is not a valid address or range`, "address");
}

/** Returns everything that is known of an address or range. */
export async function addressDetails(watched: Watched, query: AddressQuery): Promise<AddressDetails> {
  const { context, engine, guard, history, geo } = watched;
  const range = rangeIn(query.text);
  const address = parseAddress(query.text.trim());
  const key = address && prefixOf(address, context.options.ipv6Subnet).text;
  const [bans, { events }, place, explanation, lookups] = await Promise.all([
    bansAbout(context.banIndex, range, query.isOver).then((found) => withEvidence(watched, found)),
    history.events({ ip: range.text, limit: MAX_EVENTS }),
    geo.of(range.text),
    address && explained(watched, address.text, query),
    address && query.lookup ? lookedUp(watched, address.text) : undefined,
  ]);
  return {
    address: range.text,
    isRange: address === undefined,
    bans,
    events,
    counters: key === undefined ? [] : engine.badCountsOf(key).filter(({ count }) => count > 0),
    ...(address === undefined || guard.bunkernet === undefined
      ? {}
      : { bunkernet: { listed: guard.bunkernet.has(address.text) } }),
    ...place,
    ...(lookups === undefined ? {} : { lookups }),
    ...(explanation === undefined ? {} : { explanation }),
  };
}

/** Returns bans with their evidence. */
export function withEvidence(
  { context }: Watched,
  found: readonly FoundBan[],
): Promise<(BanRow & { readonly evidence?: unknown })[]> {
  return Promise.all(
    found.map(async (ban, at) =>
      at < MAX_EVIDENCE ? { ...rowOf(ban), evidence: (await context.banIndex.read(ban)).data } : rowOf(ban),
    ),
  );
}

async function explained(
  { guard, options }: Watched,
  ip: string,
  { path, service }: AddressQuery,
): Promise<AddressDetails["explanation"]> {
  const [first] = options.setup.common.services.size > 0 ? hostsOf(options.input) : [];
  const host = service ?? first ?? "localhost";
  const url = URL.canParse(`http://${host}${path}`) ? `http://${host}${path}` : path;
  const { steps, verdict, by, mode, client } = await guard.explain({
    ip,
    url,
    headers: { accept: "text/html", "user-agent": "Mozilla/5.0 (explained by the dashboard)" },
  });
  return {
    path,
    verdict,
    ...(by === undefined ? {} : { by }),
    ...(client.service === undefined ? {} : { service: client.service }),
    mode,
    isProxy: client.isProxy,
    steps: steps.map(({ protection, reached, verdict: decided, reason, data }) => ({
      protection,
      reached,
      verdict: decided === "unknown" ? "error" : decided,
      reason,
      ...(data === undefined ? {} : { data: printableJson(data).slice(0, 4096) }),
    })),
  };
}

function hostsOf(input: unknown): string[] {
  const { services } = (input ?? {}) as { readonly services?: unknown };
  if (Array.isArray(services)) return services.filter((name) => typeof name === "string");
  return typeof services === "object" && services !== null ? Object.keys(services) : [];
}

async function lookedUp({ options }: Watched, ip: string): Promise<AddressDetails["lookups"]> {
  const { resolver, dnsbl } = options.setup.common;
  const { names, zones } = await inspectAddress(ip, {
    resolver,
    dnsbl: dnsbl === false ? undefined : dnsbl,
  });
  return { ...(names === undefined ? {} : { names }), zones };
}
