import type { FoundBan } from "../bans/ban-index.js";
import type { BanRow } from "./api.js";
import type { ApiCall, Fields } from "./api-call.js";
import { ApiError } from "./api-error.js";
import { rangeIn } from "./reports/address.js";
import { rowOf } from "./reports/bans.js";
import type { Watched } from "./watched.js";

/** Ten years, in seconds: what lasts longer is for good. */
const MAX_TTL = 315_360_000;
const SOURCE = { protection: "operator" };

/** Bans an address or a range. */
export async function addBan(watched: Watched, call: ApiCall): Promise<BanRow> {
  const body = await call.body();
  const address = rangeIn(body.required("address", 64));
  const scope = body.oneOf("scope", ["service", "global"]);
  const service = scope === "global" ? undefined : serviceIn(body);
  if (scope === "service" && service === undefined)
    throw new ApiError(400, "bad_request", "a ban at one service needs the name of the service", "service");
  const ttl = body.seconds("ttl", MAX_TTL);
  const reason = body.text("reason", 256);
  const { bans } = watched.guard;
  const { ip } = await bans.add(address.text, {
    ...(ttl === undefined ? {} : { ttl }),
    ...(service === undefined ? {} : { service }),
    ...(reason === undefined ? {} : { reason }),
    force: body.flag("force"),
    source: SOURCE,
  });
  return rowOf(banOf(watched, ip, service));
}

/** Sets the end of a ban. */
export async function changeBan(watched: Watched, call: ApiCall): Promise<BanRow> {
  const body = await call.body();
  const range = rangeIn(call.subject);
  const service = serviceIn(body);
  const ttl = body.seconds("ttl", MAX_TTL);
  if (ttl === undefined) throw new ApiError(400, "bad_request", "ttl is missing", "ttl");
  await watched.context.banIndex.ready();
  const found = banOf(watched, range.text, service);
  const { reason, action, data } = await watched.context.banIndex.read(found);
  await watched.guard.bans.add(range.text, {
    ttl,
    reason,
    action,
    data,
    ...(service === undefined ? {} : { service }),
    // It is in force already.
    force: true,
    source: SOURCE,
  });
  return rowOf(banOf(watched, range.text, service));
}

/** Lifts the bans of exactly an address or range: all of them, or the service's. */
export async function removeBan(watched: Watched, call: ApiCall): Promise<{ readonly removed: boolean }> {
  const range = rangeIn(call.subject);
  const service = call.text("service");
  return { removed: await watched.guard.bans.remove(range.text, service === undefined ? {} : { service }) };
}

function serviceIn(body: Fields): string | undefined {
  return body.text("service", 253);
}

function banOf({ context }: Watched, address: string, service: string | undefined): FoundBan {
  const found = context.banIndex.get(rangeIn(address), service);
  if (found === undefined) throw new ApiError(404, "not_found", `${address} is not banned`, "address");
  return found;
}
