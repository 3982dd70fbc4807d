import { BanList, type SharedOptions } from "../../src/index.js";
import { bunkernet, type Bunkernet, type BunkernetOptions } from "../../src/bunkernet/index.js";
import type { Ask } from "../support/ask.js";
import { site, type TestSite } from "../support/site.js";

export const LISTED = "9.9.9.9";
export const VISITOR = "8.8.8.8";

/** A site behind `bunkernet()`. */
export interface Site extends TestSite<Bunkernet> {
  readonly bans: BanList;
  /** Bans an address as Bad Behavior would, and has it refused once, so that there is something to report. */
  readonly refuse: (ip: string, path?: string, options?: Ask) => Promise<void>;
}

/** Starts a site that takes part in the BunkerNet of `server`. */
export async function startSite(
  server: string,
  options: SharedOptions & BunkernetOptions = {},
): Promise<Site> {
  const started = await site(
    (shared) => bunkernet({ ...shared, server, timeout: 20_000, ...options, store: shared.store }),
    { store: options.store, record: ["denied", "banned", "fault", "reported"] },
  );
  const bans = new BanList(started.store);
  const refuse = async (ip: string, path?: string, extra?: Ask): Promise<void> => {
    await bans.add(ip, { reason: "bad behavior" });
    const got = await started.status(ip, path, extra);
    if (got !== 403) throw new Error(`refused with ${got}`);
  };
  return { ...started, bans, refuse };
}
