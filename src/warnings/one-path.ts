import type { MeteredRequest } from "../meter.js";
import { printable } from "../printable.js";
import { exactPath, ignoring } from "./exact-path.js";
import { Frequent } from "./frequent.js";
import { isFromOwnPage } from "./own-page.js";
import { ALARM, type SignContext } from "./sign.js";
import { Window } from "./window.js";

const WINDOW_MS = 600_000;
const MIN_RESPONSES = 50;
const MIN_SHARE = 0.5;
const MIN_CLIENTS = 10;
const MAX_PATHS = 64;
const MAX_PATH = 256;

/** Browsers ask for these by themselves. */
const ASKED_FOR =
  /^\/(?:favicon[^/]*\.(?:ico|png|svg)|apple-touch-icon[^/]*\.png|browserconfig\.xml|[^/]*\.webmanifest)$/;

/** One path alone makes most counted 404 responses, and it is the site's own pages that ask for it: a missing file. */
export class OnePath {
  private readonly window = new Window(WINDOW_MS, () => ({ all: 0, own: new Frequent(MAX_PATHS) }));

  /** @param ignored the paths that do not count */
  constructor(
    private readonly context: SignContext,
    private readonly ignored: readonly string[],
  ) {}

  counted(status: number, request: MeteredRequest): void {
    if (status !== 404) return;
    const { events, now } = this.context;
    const responses = this.window.at(now());
    responses.all++;
    const path = request.path.path.slice(0, MAX_PATH);
    // Scanners agree on paths, too, but no page of the site has sent them there.
    if (!isFromOwnPage(request) && !ASKED_FOR.test(path)) return;
    const { count, members } = responses.own.add(path, request.ip);
    if (responses.all < MIN_RESPONSES || count < responses.all * MIN_SHARE || members.size < MIN_CLIENTS)
      return;
    const pattern = request.path.suspicious === true ? undefined : exactPath(request.path.path);
    const shown = printable(path, 100);
    const share = Math.round((count / responses.all) * 100);
    events.warn(
      "WRN_BUNKER_ONE_PATH",
      `${share} % of the 404 responses that count are for "${shown}", which the site's own pages ask for: visitors will be banned for it. Put the file there, or have it not count`,
      shown,
      pattern === undefined ? ALARM : { ...ALARM, advice: ignoring("badBehavior", this.ignored, pattern) },
    );
  }
}
