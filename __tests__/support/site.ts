import type { RequestListener } from "node:http";
import { MemoryStore } from "../../src/index.js";
import type { BunkerEvent, BunkerEventType, Logger, Middleware, Running, Store } from "../../src/index.js";
import { ask, type Ask } from "./ask.js";
import { Clock } from "./clock.js";
import { EXPRESS, plainSite, serve, type Host, type Served, type Site } from "./hosts.js";

/** The options that the middleware under test gets besides its own. */
export interface SharedParts {
  readonly store: MemoryStore;
  readonly now: () => number;
  readonly logger: Logger;
  /** Set for hosts that do not determine addresses themselves. */
  readonly trustProxy?: "loopback";
}

/** Options of {@link site}. */
export interface SiteSetUp<Guard> {
  readonly host?: Host;
  readonly store?: Store | undefined;
  readonly clock?: Clock;
  /** The handler behind the middleware. Default: {@link plainSite}. */
  readonly behind?: Site;
  /** Returns the middleware to mount, in order. Default: only the one under test. */
  readonly mount?: (guard: Guard, shared: SharedParts) => readonly Middleware[];
  /** Returns a whole app, which replaces `host`, `behind` and `mount`. */
  readonly app?: (guard: Guard, shared: SharedParts) => RequestListener;
  /** The types of events that are recorded. */
  readonly record?: readonly BunkerEventType[];
}

/** A running site behind a middleware, with its events and log lines. */
export interface TestSite<Guard> {
  readonly url: string;
  readonly served: Served;
  readonly guard: Guard;
  readonly store: MemoryStore;
  readonly clock: Clock;
  readonly events: BunkerEvent[];
  /** All lines of its log. */
  readonly lines: string[];
  /** Its warnings and errors. */
  readonly warnings: string[];
  /** Makes a request from `ip` and returns the status of the response. */
  readonly status: (ip: string, path?: string, options?: Ask) => Promise<number>;
  readonly close: () => Promise<void>;
}

const running: { close(): Promise<void> }[] = [];

/** Stops every running site. It is called after each test. */
export async function stopSites(): Promise<void> {
  for (const site of running.splice(0)) await site.close();
}

afterEach(stopSites);

/** Serves a site behind the middleware that `make` returns, with a clock that only the test moves, until the test ends. */
export async function site<Guard extends Middleware & Running>(
  make: (shared: SharedParts) => Guard,
  setUp: SiteSetUp<Guard> = {},
): Promise<TestSite<Guard>> {
  const { host = EXPRESS, clock = new Clock(), behind = plainSite, record = [] } = setUp;
  const store = (setUp.store as MemoryStore | undefined) ?? new MemoryStore({ now: clock.now });
  const lines: string[] = [];
  const warnings: string[] = [];
  const info = (line: string): void => void lines.push(line);
  const warn = (line: string): void => void (lines.push(line), warnings.push(line));
  const trust = host.trusts ? {} : { trustProxy: "loopback" as const };
  const shared = { store, now: clock.now, logger: { info, warn, error: warn }, ...trust };
  const guard = make(shared);
  const events: BunkerEvent[] = [];
  for (const type of record) guard.events.on(type, (event) => events.push(event));
  const mounted = setUp.mount?.(guard, shared) ?? [guard];
  const served = await serve(setUp.app?.(guard, shared) ?? host.app(mounted, behind));
  const close = async (): Promise<void> => {
    await guard.close();
    await served.close();
  };
  running.push({ close });
  const { url } = served;
  const status = async (ip: string, path = "/", options: Ask = {}): Promise<number> =>
    (await ask(url, path, { from: ip, ...options })).status;
  return { url, served, guard, store, clock, events, lines, warnings, status, close };
}
