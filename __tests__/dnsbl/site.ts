import type { BunkerEvent, SharedOptions } from "../../src/index.js";
import { dnsbl, type Dnsbl, type DnsblOptions } from "../../src/dnsbl/index.js";
import { EXPRESS, type Host } from "../support/hosts.js";
import { site, type TestSite } from "../support/site.js";
import { soundList, type Reply } from "./hostile-server.js";

/** Listed by {@link list}. */
export const LISTED = "9.9.9.9";
export const VISITOR = "8.8.8.8";

/** A sound list that also lists 9.9.9.0/24. */
export const list = (name: string): Reply =>
  /\.9\.9\.9\.list/.test(name) ? { a: ["127.0.0.4"] } : soundList(name);

/** A site behind `dnsbl()`. */
export type Site = TestSite<Dnsbl>;

/** Starts a site that asks `server` about `list.test`, unless `options` say otherwise. */
export function startSite(
  server: string,
  options: SharedOptions & DnsblOptions = {},
  host: Host = EXPRESS,
): Promise<Site> {
  const own = { list: "list.test", resolver: { servers: [server] }, timeout: 5000 };
  return site((shared) => dnsbl({ ...shared, ...own, ...options, store: shared.store }), {
    host,
    store: options.store,
    record: ["denied", "banned", "fault"],
  });
}

/** What kinds of events were heard. */
export const types = (events: readonly BunkerEvent[]): unknown[] => events.map(({ type }) => type);
