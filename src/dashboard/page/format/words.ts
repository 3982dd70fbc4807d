import type { EventRow } from "../../api.js";

const PROTECTIONS: Readonly<Record<string, string>> = {
  antibot: "Antibot",
  "bad-behavior": "Bad Behavior",
  badBehavior: "Bad Behavior",
  bans: "Bans",
  bunkernet: "BunkerNet",
  dnsbl: "DNSBL",
  common: "Common",
  sessions: "Sessions",
  stream: "Stream",
};

/** The name of a protection as people write it. */
export const protectionName = (name: string): string => PROTECTIONS[name] ?? name;

/** A refusal's reason with what refused it: `Bad Behavior: too many requests at once`. */
export function refusalName(protection: string, reason: string): string {
  const name = protectionName(protection);
  if (reason === "other" || reason === "" || reason.toLowerCase() === name.toLowerCase()) return name;
  return `${name}: ${reason}`;
}

const KINDS: Readonly<Record<string, string>> = {
  cookie: "Cookie",
  javascript: "Proof of work",
  captcha: "Captcha",
  recaptcha: "reCAPTCHA",
  hcaptcha: "hCaptcha",
  turnstile: "Turnstile",
  mcaptcha: "mCaptcha",
  capjs: "Cap.js",
  other: "Other",
};

/** The name of a challenge kind as people write it. */
export const kindName = (kind: string): string => KINDS[kind] ?? kind;

/** How an event is told in one word, and how much it matters. */
export const EVENT_WORDS: Readonly<
  Record<
    EventRow["type"],
    { readonly word: string; readonly tone: "danger" | "warn" | "ok" | "plain" | "info" }
  >
> = {
  denied: { word: "Refused", tone: "danger" },
  challenged: { word: "Challenged", tone: "info" },
  failed: { word: "Failed", tone: "warn" },
  banned: { word: "Banned", tone: "danger" },
  unbanned: { word: "Unbanned", tone: "ok" },
  fault: { word: "Fault", tone: "warn" },
  warning: { word: "Warning", tone: "warn" },
};

/** The word for an event; events of detect mode only would have happened. */
export function eventWord({ type, mode }: Pick<EventRow, "type" | "mode">): string {
  const { word } = EVENT_WORDS[type];
  const isHypothetical =
    mode === "detect" && (type === "denied" || type === "challenged" || type === "banned");
  return isHypothetical ? `Would be ${word.toLowerCase()}` : word;
}

/** The name of a service: all of them together have none. */
export const serviceName = (service: string): string => (service === "" ? "all services" : service);
