import {
  antibot,
  MemoryStore,
  type AntibotOptions,
  type BunkerEvent,
  type SharedOptions,
} from "../../../src/index.js";
import { ask, NAVIGATION } from "../../support/ask.js";
import { Clock } from "../../support/clock.js";
import { EXPRESS, plainSite, serve, type Served } from "../../support/hosts.js";

/** A gated site and what was heard of it. */
export interface GatedSite {
  readonly served: Served;
  readonly clock: Clock;
  readonly warnings: string[];
  readonly faults: BunkerEvent[];
  /** What a page visit from an address gets: `"let in"`, or `"challenged"`. */
  visit(from: string, headers?: Record<string, string>): Promise<"let in" | "challenged">;
}

/** Serves a gated site on Express, which takes addresses from X-Forwarded-For. */
export async function gatedSite(options: Partial<AntibotOptions> & SharedOptions): Promise<GatedSite> {
  const clock = new Clock();
  const warnings: string[] = [];
  const faults: BunkerEvent[] = [];
  const heard = (line: string): number => warnings.push(line);
  const gate = antibot({
    challenge: "javascript",
    sessions: { secret: "a secret of enough characters" },
    store: new MemoryStore({ now: clock.now }),
    now: clock.now,
    logger: { info: () => undefined, warn: heard, error: heard },
    events: { fault: (event) => faults.push(event) },
    ...options,
  });
  const served = await serve(EXPRESS.app([gate], plainSite));
  return {
    served,
    clock,
    warnings,
    faults,
    visit: async (from, headers = {}) => {
      const got = await ask(served.url, "/page", { from, headers: { ...NAVIGATION, ...headers } });
      return got.status === 200 ? "let in" : "challenged";
    },
  };
}
