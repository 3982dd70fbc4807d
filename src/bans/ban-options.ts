import { BunkerBanError } from "../errors.js";
import type { BunkerEvent } from "../events/event-bus.js";
import type { MergeLimits } from "./network-bans.js";

/** Options of `BanList.add`. */
export interface BanOptions {
  /** Why. Default `"manual"`. */
  reason?: string;
  /** How long, in seconds; 0 = permanently. Default 86400 (one day). */
  ttl?: number;
  /** Whether it applies at one service or everywhere. Default: `"service"` if `service` is set, otherwise `"global"`. */
  scope?: "service" | "global";
  /** The service of the ban, or of the requests that led to a global one. Default `"default"` for the service scope. */
  service?: string;
  /**
   * Further data to store: any JSON value, at most 1 kB. Of a longer array the last entries are kept, of a longer object the
   * fields that fit (and `cut: true`); a longer text is cut.
   */
  data?: unknown;
  /**
   * How long the client is refused by this process alone when the store has no room for the ban, in seconds. Default 60; 0 =
   * not at all.
   */
  holdTime?: number;
  /**
   * For `addUnlessBanned`: how many such bans inside an IPv6 /56 and /48 one ban of that network replaces. Default: none does.
   */
  merge?: MergeLimits | false;
  /** For `addUnlessBanned`: the shortest ban in force that stays in place of this one, in seconds. Default: `ttl`. */
  minTtl?: number;
  /** Allows bans of very wide ranges, of this machine's own addresses and of trusted proxies. Default `false`. */
  force?: boolean;
  /** The client's single address if a prefix is banned, for stores shared with software that bans single addresses only. */
  address?: string;
  /** Whether the client is refused, or challenged by the gate. Default `"deny"`. */
  action?: "deny" | "challenge";
  /** Further fields of the `banned` event: the protection, and the request that led to the ban. */
  source?: Partial<Pick<BunkerEvent, "protection" | "id" | "method" | "path" | "status">> & {
    passHolder?: boolean;
    /** How many responses of each status led to the ban; `data` may hold only the last of them. */
    statuses?: Readonly<Record<number, number>>;
    origin?: object;
  };
}

/**
 * Checks what callers in JavaScript may get wrong.
 *
 * @throws {BunkerBanError} `ERR_BUNKER_BAN_ADDRESS` for a value that no ban can have
 */
export function checkBanOptions(options: BanOptions): void {
  const { ttl, minTtl, scope = "global", action = "deny" }: { [N in keyof BanOptions]: unknown } = options;
  for (const [name, value] of Object.entries({ ttl, minTtl })) {
    if (value !== undefined && !(Number.isFinite(value) && (value as number) >= 0))
      throw wrong(name, "a number of seconds from 0", value);
  }
  if (scope !== "service" && scope !== "global") throw wrong("scope", '"service" or "global"', scope);
  if (action !== "deny" && action !== "challenge") throw wrong("action", '"deny" or "challenge"', action);
}

function wrong(name: string, allowed: string, value: unknown): BunkerBanError {
  const got =
    typeof value === "string" || typeof value === "number"
      ? String(value)
      : `a value of type ${typeof value}`;
  return new BunkerBanError("ERR_BUNKER_BAN_ADDRESS", `${name} must be ${allowed}, not ${got.slice(0, 64)}`);
}
