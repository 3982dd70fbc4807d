import { HOUR_MS } from "../events/active-warnings.js";
import type { MeteredRequest } from "../meter.js";
import { printable } from "../printable.js";
import { exactPath, ignoring } from "./exact-path.js";
import { Frequent } from "./frequent.js";
import { isFromOwnPage } from "./own-page.js";
import { ALARM, type SignContext } from "./sign.js";
import { Window } from "./window.js";

const MIN_CLIENTS = 2;
/** How often a path must be asked for, by kind: feeds are fetched once or twice an hour. */
const MIN_REQUESTS = { feed: 4, api: 20 } as const;
const MAX_PATHS = 128;
const MAX_ACCEPT = 256;
const MAX_USER_AGENT = 256;

const FEED_TYPE = /application\/(?:rss|atom|feed)\+(?:xml|json)/i;
const FEED_PATH =
  /\/(?:feed|rss|atom)(?:\/|\.xml|\.json|\.rss|\.atom)?$|\.(?:rss|atom)$|\/(?:feed|rss|atom|podcast)\/[^/]*$/i;
const FEED_READER =
  /Feed|RSS|Inoreader|NewsBlur|Miniflux|NetNewsWire|BazQux|The Old Reader|Reeder|SimplePie|Akregator|Liferea|Newsboat|Podcast|AntennaPod|Overcast|PocketCasts|gPodder/i;
const API_PATH = /^\/(?:api|rest|graphql|v\d+)(?:[/.]|$)/i;

/** Feed readers and API clients meet the gate, which they cannot pass. */
export class Feeds {
  private readonly window = new Window(HOUR_MS, () => ({
    feed: new Frequent(MAX_PATHS),
    api: new Frequent(MAX_PATHS),
  }));

  /** @param ignored the paths that are not gated */
  constructor(
    private readonly context: SignContext,
    private readonly ignored: readonly string[],
  ) {}

  challenged(request: MeteredRequest): void {
    const { path, suspicious } = request.path;
    if (suspicious === true) return;
    const kind = kindOf(request, path);
    const pattern = kind === undefined ? undefined : exactPath(path);
    if (kind === undefined || pattern === undefined) return;
    const { events, now } = this.context;
    const { count, members } = this.window.at(now())[kind].add(path, request.ip);
    if (count < MIN_REQUESTS[kind] || members.size < MIN_CLIENTS) return;
    const shown = printable(path, 100);
    const who = kind === "feed" ? "feed readers" : "API clients";
    events.warn(
      "WRN_BUNKER_FEEDS",
      `${who} were challenged ${count} times within an hour when they requested "${shown}", and they cannot solve challenges; if it is meant for them, do not gate it (setting: ANTIBOT_IGNORE_URI=${pattern})`,
      shown,
      { ...ALARM, advice: ignoring("antibot", this.ignored, pattern) },
    );
  }
}

function kindOf(request: MeteredRequest, path: string): "feed" | "api" | undefined {
  // Browsers get their pass in another way.
  if (request.header?.("sec-fetch-mode") !== undefined) return undefined;
  if (request.method !== "GET" && request.method !== "HEAD" && !API_PATH.test(path)) return undefined;
  const accept = (request.header?.("accept") ?? "").slice(0, MAX_ACCEPT);
  if (FEED_TYPE.test(accept)) return "feed";
  const userAgent = (request.header?.("user-agent") ?? "").slice(0, MAX_USER_AGENT);
  if (FEED_PATH.test(path) && (FEED_READER.test(userAgent) || !/text\/html/i.test(accept))) return "feed";
  if (
    API_PATH.test(path) &&
    /\bjson\b/i.test(accept) &&
    !/text\/html/i.test(accept) &&
    !isFromOwnPage(request)
  )
    return "api";
  return undefined;
}
