import { RecentMap } from "../recent-map.js";
import { LANGUAGES } from "./texts.js";

const FALLBACK = "en";
/** How many entries of an Accept-Language header are read. */
const MAX_ENTRIES = 16;

const negotiated = new RecentMap<string, string>(512);
const tags = new Map(Object.keys(LANGUAGES).map((tag) => [tag.toLowerCase(), tag]));

/** The best of our languages for an Accept-Language header (RFC 4647 look-up, by quality); English when none fits. */
export function negotiateLanguage(header: string | undefined): string {
  if (header === undefined || header === "") return FALLBACK;
  const text = header.slice(0, 256);
  let language = negotiated.get(text);
  if (language === undefined) negotiated.set(text, (language = negotiate(text)));
  return language;
}

function negotiate(header: string): string {
  const wanted = header
    .split(",", MAX_ENTRIES)
    .map((entry, order) => ({ ...rangeOf(entry), order }))
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality || a.order - b.order);
  for (const { range } of wanted) {
    // Shorten the range from its end until one of ours fits: "de-CH-1996", "de-CH", "de".
    for (let rest = normal(range); rest !== ""; rest = rest.slice(0, Math.max(0, rest.lastIndexOf("-")))) {
      const tag = tags.get(rest);
      if (tag !== undefined) return tag;
    }
  }
  return FALLBACK;
}

function rangeOf(entry: string): { range: string; quality: number } {
  const [range = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith("q="));
  const quality = q === undefined ? 1 : Number(q.slice(2));
  return { range, quality: Number.isFinite(quality) ? quality : 0 };
}

// Replaces old tags. Chinese without a script gets its region's: traditional in Taiwan, Hong Kong and Macao.
function normal(range: string): string {
  if (/^iw(?:-|$)/.test(range)) return "he";
  if (!/^zh(?:-|$)/.test(range)) return range;
  if (/^zh-hans(?:-|$)/.test(range)) return "zh-hans";
  return /^zh-(?:[a-z]{3}-)?(?:hant|tw|hk|mo)(?:-|$)/.test(range) ? "zh-hant" : "zh-hans";
}
