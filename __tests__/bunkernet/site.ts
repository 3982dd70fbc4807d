import { MemoryStore, type BunkerEvent, type Logger, type SharedOptions } from "../../src/index.js";
import { bunkernet, type Bunkernet, type BunkernetOptions } from "../../src/bunkernet/index.js";
import { BanList } from "../../src/index.js";
import { ask, type Ask } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { EXPRESS, plainSite, serve, type Served } from "../support/hosts.js";

export const LISTED = "9.9.9.9";
export const VISITOR = "8.8.8.8";

/** A site behind `bunkernet()`, and what it was heard to say. */
export interface Site {
  readonly url: string;
  readonly guard: Bunkernet;
  readonly events: BunkerEvent[];
  readonly store: MemoryStore;
  readonly clock: Clock;
  readonly bans: BanList;
  /** The lines of its log. */
  readonly lines: string[];
  /** The status that a client is answered. */
  readonly status: (ip: string, path?: string, options?: Ask) => Promise<number>;
  /** Bans an address as Bad Behavior would, and has it refused once, so that there is something to report. */
  readonly refuse: (ip: string, path?: string, options?: Ask) => Promise<void>;
  readonly close: () => Promise<void>;
}

const guards: Bunkernet[] = [];
const servers: Served[] = [];

/** Starts a site that takes part in the BunkerNet of `server`. */
export async function startSite(
  server: string,
  options: SharedOptions & BunkernetOptions = {},
): Promise<Site> {
  const clock = new Clock();
  const store = (options.store as MemoryStore | undefined) ?? new MemoryStore({ now: clock.now });
  const lines: string[] = [];
  const line = (text: string): void => void lines.push(text);
  const logger: Logger = { info: line, warn: line, error: line };
  const guard = bunkernet({ server, logger, now: clock.now, timeout: 20_000, ...options, store });
  guards.push(guard);
  const events: Site["events"] = [];
  for (const type of ["denied", "banned", "fault", "reported"] as const)
    guard.events.on(type, (event) => events.push(event));
  const served = await serve(EXPRESS.app([guard], plainSite));
  servers.push(served);
  const { url } = served;
  const bans = new BanList(store);
  const status = async (ip: string, path = "/", extra: Ask = {}): Promise<number> =>
    (await ask(url, path, { from: ip, ...extra })).status;
  return {
    url,
    guard,
    events,
    store,
    clock,
    bans,
    lines,
    status,
    refuse: async (ip, path, extra) => {
      await bans.add(ip, { reason: "bad behavior" });
      const got = await status(ip, path, extra);
      if (got !== 403) throw new Error(`refused with ${got}`);
    },
    close: async () => {
      await guard.close();
      await served.close();
    },
  };
}

/** Stops every site that was started. */
export async function stopSites(): Promise<void> {
  for (const guard of guards.splice(0)) await guard.close();
  for (const served of servers.splice(0)) await served.close();
}
