import type { EventBus } from "../events/event-bus.js";

/** What is said of each problem: in the log once, and in `health()` as long as it lasts. */
const PROBLEMS = {
  WRN_BUNKER_TRUST_ALL:
    "every address is trusted as a proxy, so a client can choose its own address with X-Forwarded-For; name your proxies instead of `true`",
  WRN_BUNKER_PROXY:
    "requests come with forwarding headers, but no proxy is trusted: every visitor behind that proxy shares one address and one ban. Set `trust proxy` (Express) or `trustProxy`",
  WRN_BUNKER_NOT_FORWARDED:
    "requests come from a trusted proxy, but none with an address in X-Forwarded-For: all visitors behind that proxy share its address, so they are not counted, or all banned together. Let the proxy send the header",
  WRN_BUNKER_HOST_ADDRESS:
    "the host framework has set `req.ip` by rules that are not known here, so a client may have chosen the address itself; until `trustProxy` or `clientIp` is set, `allow` and the ignore rules use the socket's peer",
} as const;

type Problem = keyof typeof PROBLEMS;

/** The problems that have visitors share an address, and so a ban. */
const ALARMS: ReadonlySet<Problem> = new Set(["WRN_BUNKER_PROXY", "WRN_BUNKER_NOT_FORWARDED"]);

/** How long `health()` and the list of warnings speak of a problem that is not seen any more, in ms. */
const LASTS_MS = 600_000;
const ALARM = { level: "alarm", lasts: LASTS_MS } as const;
const NOTICE = { lasts: LASTS_MS } as const;

/** So many requests without X-Forwarded-For, so close together, are visitors: health checks are fewer. */
const DIRECT_REQUESTS = 30;
const DIRECT_MS = 10_000;

/** What is wrong with the trust in proxies, as the requests show it. */
export class TrustProblems {
  /** Until when each problem is spoken of, in ms. */
  private readonly ends = new Map<Problem, number>();
  /** Whether a trusted proxy has ever named a client: then one that comes without the header is a health check. */
  private hasForwarded = false;
  private directs = 0;
  private firstDirect = 0;

  /** @param now the clock, in ms */
  constructor(
    private readonly events: EventBus,
    private readonly now: () => number,
  ) {}

  /** Any client can choose its own address. */
  trustsAnybody(): void {
    this.found("WRN_BUNKER_TRUST_ALL", Infinity);
  }

  /** A forwarding header, and no proxy is trusted. Anybody can send one, so that health follows peers in private networks only. */
  ignoredHeader(peer: { readonly isGlobal: boolean }): void {
    this.found("WRN_BUNKER_PROXY", peer.isGlobal ? undefined : LASTS_MS);
  }

  /** The host framework found another address than the peer's. */
  hostAddress(): void {
    this.found("WRN_BUNKER_HOST_ADDRESS", LASTS_MS);
  }

  /** A trusted proxy named the client. */
  forwarded(): void {
    if (this.hasForwarded) return;
    this.hasForwarded = true;
    this.ends.delete("WRN_BUNKER_NOT_FORWARDED");
    this.events.endWarning("WRN_BUNKER_NOT_FORWARDED");
  }

  /** A trusted proxy named no client. */
  notForwarded(): void {
    if (this.hasForwarded) return;
    if (this.directs++ === 0) this.firstDirect = this.now();
    if (this.directs < DIRECT_REQUESTS) return;
    this.directs = 0;
    if (this.now() - this.firstDirect <= DIRECT_MS) this.found("WRN_BUNKER_NOT_FORWARDED", LASTS_MS);
  }

  /** The problems of the last minutes, in words. */
  list(): string[] {
    const now = this.now();
    return [...this.ends].filter(([, end]) => now < end).map(([code]) => `${code}: ${PROBLEMS[code]}`);
  }

  private found(code: Problem, lasts: number | undefined): void {
    if (lasts !== undefined) this.ends.set(code, this.now() + lasts);
    // What one client can feign is no alarm.
    this.events.warn(code, PROBLEMS[code], "", lasts !== undefined && ALARMS.has(code) ? ALARM : NOTICE);
  }
}
