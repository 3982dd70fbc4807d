import { HOUR_MS } from "../events/active-warnings.js";
import type { BunkerEvent } from "../events/event-bus.js";
import { printable } from "../printable.js";
import { exactPath, ignoring } from "./exact-path.js";
import { Frequent } from "./frequent.js";
import { ALARM, type SignContext } from "./sign.js";
import { Window } from "./window.js";

const MIN_CLIENTS = 5;
/** From this share on, one path is the cause. */
const MAIN_SHARE = 0.6;

class Bans {
  all = 0;
  readonly holders = new Set<string>();
  /** The last request of each of them. */
  readonly paths = new Frequent(32);
}

/** Clients that held a pass are banned: many of them are people. */
export class PassHolders {
  private readonly window = new Window(HOUR_MS, () => new Bans());

  /** @param ignored the paths that do not count */
  constructor(
    private readonly context: SignContext,
    private readonly ignored: readonly string[],
  ) {}

  banned({ ip, reason, data, path = "", status }: BunkerEvent): void {
    const { events, now } = this.context;
    const bans = this.window.at(now());
    bans.all++;
    const { passHolder } = (data ?? {}) as { readonly passHolder?: unknown };
    if (passHolder !== true || bans.holders.has(ip) || bans.holders.size >= 1000) return;
    bans.holders.add(ip);
    const { count } = bans.paths.add(path, ip);
    const { size } = bans.holders;
    if (size < MIN_CLIENTS) return;
    const isMain = path !== "" && count >= size * MAIN_SHARE;
    const pattern = isMain && reason === "bad behavior" && status === 404 ? exactPath(path) : undefined;
    const last = isMain ? `most of them after ${status ?? "a request"} for "${printable(path, 100)}"` : "";
    events.warn(
      "WRN_BUNKER_PASS_HOLDERS_BANNED",
      `${size} of ${bans.all} clients banned within an hour had solved a challenge${last === "" ? "" : `, ${last}`}`,
      "",
      pattern === undefined ? ALARM : { ...ALARM, advice: ignoring("badBehavior", this.ignored, pattern) },
    );
  }
}
