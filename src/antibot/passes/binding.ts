import { createHash } from "node:crypto";
import { prefixOf } from "../../address/address.js";
import type { Client } from "../../request/client.js";
import type { RequestView } from "../../request/request-view.js";

/** What a pass holds on to besides the browser's cookie jar. */
export interface BindingRules {
  /** `prefix` = the same network (IPv4 /24, IPv6 /48), `exact` = the same address, `false` = any. */
  readonly checkIp: "prefix" | "exact" | false;
  readonly checkUserAgent: boolean;
}

/** The client's part of a binding, short enough for a cookie: it need only differ, the signature keeps it honest. */
export function addressBinding(rules: BindingRules, client: Client): string {
  const { address } = client;
  if (rules.checkIp === false) return "";
  if (address === undefined) return client.ip;
  if (rules.checkIp === "exact") return address.text;
  if (address.family === 6) return prefixOf(address, 48).text;
  return address.text.slice(0, address.text.lastIndexOf("."));
}

/** The User-Agent's part of a binding. */
export function userAgentBinding(rules: BindingRules, request: RequestView): string {
  if (!rules.checkUserAgent) return "";
  return createHash("sha256")
    .update(request.header("user-agent") ?? "")
    .digest("base64url")
    .slice(0, 11);
}
