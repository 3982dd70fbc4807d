import { liesBelow } from "./name-suffix.js";

/** The crawlers that `verifiedBots` knows. */
export type BotName = "google" | "bing" | "apple" | "yandex" | "baidu" | "duckduckgo";

interface Bot {
  /** Whether a forward-confirmed name belongs to one of its crawlers. */
  readonly owns: (name: string) => boolean;
  /** Matches its User-Agents; only decides whether a first visit waits for the look-up. */
  readonly claim: RegExp;
  /** The warning about a crawler that names cannot verify. */
  readonly unverifiable?: string;
}

const below =
  (...suffixes: string[]) =>
  (name: string): boolean =>
    suffixes.some((suffix) => liesBelow(name, suffix));

// Only the zones of the crawlers themselves: .google.com and .googleusercontent.com also hold machines that fetch any
// URL for any user, or that anybody can rent (R22). Yandex' crawlers share their zones with other machines.
const BOTS: Readonly<Record<BotName, Bot>> = {
  google: { owns: below("googlebot.com"), claim: /Google(?:bot|Other|-InspectionTool)|Storebot-Google/i },
  bing: { owns: below("search.msn.com"), claim: /bingbot|BingPreview|adidxbot|msnbot/i },
  apple: { owns: below("applebot.apple.com"), claim: /Applebot/i },
  yandex: {
    owns: (name) => /(?:^|\.)spider(?:-[0-9a-f-]+)?\.yandex\.(?:com|net|ru)$/.test(name),
    claim: /Yandex/i,
  },
  baidu: { owns: below("crawl.baidu.com", "crawl.baidu.jp"), claim: /Baiduspider/i },
  duckduckgo: {
    owns: () => false,
    claim: /DuckDuckBot/i,
    unverifiable:
      "DuckDuckGo publishes addresses for its crawler, no names: put those of duckduckgo.com/duckduckbot.json into ignoreIp",
  },
};

export const BOT_NAMES = Object.keys(BOTS) as readonly BotName[];

/** The longest part of a User-Agent that is looked at. */
const USER_AGENT_LIMIT = 512;

/** Returns the crawler that a User-Agent claims to be, if its names can verify that. Any client can claim it. */
export function claimedBot(userAgent: string): BotName | undefined {
  const text = userAgent.slice(0, USER_AGENT_LIMIT);
  return BOT_NAMES.find((name) => BOTS[name].unverifiable === undefined && BOTS[name].claim.test(text));
}

/** Whether a forward-confirmed name belongs to a crawler. */
export function ownsName(bot: BotName, name: string): boolean {
  return BOTS[bot].owns(name);
}

/** Some of the known crawlers, recognised by their forward-confirmed names. */
export class VerifiedBots {
  private readonly bots: readonly Bot[];

  /** @param warn called with a warning about each crawler that cannot be verified */
  constructor(names: readonly BotName[], warn: (text: string) => void) {
    const bots = names.map((name) => BOTS[name]);
    for (const { unverifiable } of bots) if (unverifiable !== undefined) warn(unverifiable);
    this.bots = bots.filter(({ unverifiable }) => unverifiable === undefined);
  }

  get size(): number {
    return this.bots.length;
  }

  /** Whether a forward-confirmed name belongs to one of them. */
  own(name: string): boolean {
    return this.bots.some((bot) => bot.owns(name));
  }

  /** Whether a User-Agent claims to be one of them. Any client can claim that. */
  claimedBy(userAgent: string | undefined): boolean {
    if (userAgent === undefined) return false;
    const text = userAgent.slice(0, USER_AGENT_LIMIT);
    return this.bots.some(({ claim }) => claim.test(text));
  }
}
