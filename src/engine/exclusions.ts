import type { AddressSet } from "../address/address-set.js";
import type { Client } from "../request/client.js";
import { type Pattern } from "../pattern/pattern.js";
import { uriMatches } from "../request/path.js";
import type { RequestView } from "../request/request-view.js";

export interface ExclusionRules {
  readonly ignoreIp: AddressSet;
  readonly ignoreUri: readonly Pattern[];
  readonly ignoreUserAgent: readonly Pattern[];
}

/** Returns the rule that exempts a request from the protection, if one does; an address that clients can choose never does. */
export function exclusionOf(
  rules: ExclusionRules,
  client: Client,
  request: RequestView,
): keyof ExclusionRules | undefined {
  const { address } = client.trustedIdentity;
  if (address !== undefined && rules.ignoreIp.size > 0 && rules.ignoreIp.has(address)) return "ignoreIp";
  if (rules.ignoreUri.length > 0 && rules.ignoreUri.some((pattern) => uriMatches(pattern, request.path)))
    return "ignoreUri";
  if (rules.ignoreUserAgent.length > 0) {
    const userAgent = request.header("user-agent");
    if (userAgent !== undefined && rules.ignoreUserAgent.some((pattern) => pattern.test(userAgent)))
      return "ignoreUserAgent";
  }
  return undefined;
}
