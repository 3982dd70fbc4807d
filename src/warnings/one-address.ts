import { HOUR_MS } from "../events/active-warnings.js";
import type { MeteredRequest } from "../meter.js";
import { Frequent } from "./frequent.js";
import { ALARM, type SignContext } from "./sign.js";
import { Window } from "./window.js";

/** Fewer samples than this say nothing: each stands for 13 requests. */
const MIN_SAMPLES = 50;
const MIN_SHARE = 0.6;
/** One client has one or a few User-Agents; the visitors behind a proxy have many. */
const MIN_BROWSERS = 6;
const MAX_ADDRESSES = 64;
const MAX_USER_AGENT = 160;

/** Most requests come from one address, with many browsers: probably a proxy that is not trusted. */
export class OneAddress {
  private readonly window = new Window(HOUR_MS, () => new Frequent(MAX_ADDRESSES));

  constructor(private readonly context: SignContext) {}

  sampled(request: MeteredRequest): void {
    const { events, now } = this.context;
    const requests = this.window.at(now());
    const userAgent = (request.header?.("user-agent") ?? "").slice(0, MAX_USER_AGENT);
    const { key: ip, count, members } = requests.add(request.ip, userAgent);
    const { total } = requests;
    if (total < MIN_SAMPLES || count < total * MIN_SHARE || members.size < MIN_BROWSERS) return;
    // The same mistake is told already, with the header that shows it.
    if (events.hasAlarm("WRN_BUNKER_PROXY")) return;
    const share = Math.round((count / total) * 100);
    events.warn(
      "WRN_BUNKER_ONE_ADDRESS",
      `${share} % of the requests come from one address, and with many different browsers: all visitors behind it share one ban; if it is your proxy, trust it`,
      ip,
      { ...ALARM, ip, advice: `trustProxy: ${JSON.stringify(ip)}` },
    );
  }
}
