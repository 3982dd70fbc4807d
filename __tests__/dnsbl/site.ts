import { MemoryStore, type BunkerEvent, type Logger, type SharedOptions } from "../../src/index.js";
import { dnsbl, type Dnsbl, type DnsblOptions } from "../../src/dnsbl/index.js";
import { ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve, type Host, type Served } from "../support/hosts.js";
import { soundList, type Reply } from "./hostile-server.js";

/** Listed by {@link list}. */
export const LISTED = "9.9.9.9";
export const VISITOR = "8.8.8.8";

/** A sound list that also lists 9.9.9.0/24. */
export const list = (name: string): Reply =>
  /\.9\.9\.9\.list/.test(name) ? { a: ["127.0.0.4"] } : soundList(name);

/** A site behind `dnsbl()`, and what it was heard to say. */
export interface Site {
  readonly url: string;
  readonly guard: Dnsbl;
  readonly events: BunkerEvent[];
  readonly store: MemoryStore;
  readonly clock: Clock;
  /** The lines of its log. */
  readonly lines: string[];
  /** The status that a client is answered. */
  readonly status: (ip: string) => Promise<number>;
}

const guards: Dnsbl[] = [];
const servers: Served[] = [];

/** Starts a site that asks `server` about `list.test`, unless `options` say otherwise. */
export async function startSite(
  server: string,
  options: SharedOptions & DnsblOptions = {},
  host: Host = EXPRESS,
): Promise<Site> {
  const clock = new Clock();
  const store = (options.store as MemoryStore | undefined) ?? new MemoryStore({ now: clock.now });
  const lines: string[] = [];
  const line = (text: string): void => void lines.push(text);
  const logger: Logger = { info: line, warn: line, error: line };
  const guard = dnsbl({
    list: "list.test",
    resolver: { servers: [server] },
    logger,
    now: clock.now,
    timeout: 5000,
    ...(host.trusts ? {} : { trustProxy: "loopback" }),
    ...options,
    store,
  });
  guards.push(guard);
  const events: BunkerEvent[] = [];
  for (const type of ["denied", "banned", "fault"] as const)
    guard.events.on(type, (event) => events.push(event));
  const served = await serve(host.app([guard], plainSite));
  servers.push(served);
  const { url } = served;
  const status = async (ip: string): Promise<number> => (await ask(url, "/", { from: ip })).status;
  return { url, guard, events, store, clock, lines, status };
}

/** Stops every site that was started. */
export async function stopSites(): Promise<void> {
  for (const guard of guards.splice(0)) await guard.close();
  for (const served of servers.splice(0)) await served.close();
}

/** What kinds of events were heard. */
export const types = (events: readonly BunkerEvent[]): unknown[] => events.map(({ type }) => type);
