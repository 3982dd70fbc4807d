import type { Visit } from "../../challenge.js";
import type { Reply } from "../../../request/verdict.js";

/** The kinds of challenge that an outside service checks. */
export type ProviderName = "recaptcha" | "hcaptcha" | "turnstile" | "mcaptcha" | "capjs";

/** What is sealed into the page of a provider's challenge. */
export interface WidgetState {
  /** Random; a provider that can carry it through (Turnstile's `cdata`) binds its token to this challenge. */
  readonly bind: string;
  /** The second step, shown after a low score. */
  readonly checkbox?: true;
  /** The visitor's last token was refused: another is fetched only when the visitor asks. */
  readonly pause?: true;
}

/** What the page needs to show a provider's widget. */
export interface Widget {
  /**
   * How its script is used: `score` asks for a token in the background, `render` draws a widget into the page, `frame` waits
   * for the token of a frame that is in the page already.
   */
  readonly mode: "score" | "render" | "frame";
  /** The script to load. */
  readonly script?: string;
  /** The global that the script defines; a dot leads into it. */
  readonly api?: string;
  /** What the widget is drawn with, besides its callbacks. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The frame's URL, in mode `frame`. */
  readonly frame?: string;
  /** More sources for the page's Content-Security-Policy. */
  readonly csp: Readonly<Record<string, readonly string[]>>;
}

/** One request to a provider. */
export interface VendorCall {
  readonly url: string;
  readonly type: "application/x-www-form-urlencoded" | "application/json";
  readonly body: string;
}

/** What a provider answered: an object, whatever the status. */
export interface VendorAnswer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * What an answer means: the token is `right`, or it is not; `low`: right, but with too low a score; `retry`: the provider asks
 * to be asked again; `fault`: our own keys or settings are wrong.
 */
export interface Judgement {
  readonly outcome: "right" | "wrong" | "low" | "retry" | "fault";
  /** For the operator. */
  readonly why?: string;
}

/** One provider: how its widget is shown, how its tokens are checked. Made once for each gate. */
export interface Vendor {
  readonly name: ProviderName;
  /** Its name as people know it. */
  readonly title: string;
  /** The hosts that learn visitors' addresses. */
  readonly receivers: readonly string[];
  /** The form field that carries the token. */
  readonly field: string;
  /** Longer tokens are refused unasked. */
  readonly longestToken: number;
  /** How long a check may take, in seconds. */
  readonly timeout: number;
  /** Whether a call may be made again with the very same body. */
  readonly mayRepeat?: boolean;
  /** Whether a low score leads to a second step. */
  readonly checkboxAfterLowScore?: boolean;
  widget(state: WidgetState, visit: Visit): Widget;
  call(token: string, state: WidgetState, visit: Visit): VendorCall;
  judge(answer: VendorAnswer, state: WidgetState, visit: Visit): Judgement;
  /** What is posted to see whether the provider answers again; costs no visitor anything. */
  probe(): VendorCall;
  /** Files that its page needs. */
  readonly files?: Readonly<Record<string, (visit: Visit) => Reply>>;
}

export const RIGHT: Judgement = { outcome: "right" };

/** A token that is not right. */
export function wrong(why: string): Judgement {
  return { outcome: "wrong", why };
}

/** A form body. Fields without a value are left out. */
export function formCall(url: string, fields: Readonly<Record<string, string | undefined>>): VendorCall {
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
  return { url, type: "application/x-www-form-urlencoded", body: new URLSearchParams(given).toString() };
}

/** A JSON body. */
export function jsonCall(url: string, value: unknown): VendorCall {
  return { url, type: "application/json", body: JSON.stringify(value) };
}

/** The visitor's address, where it has one. */
export function addressOf({ client }: Visit): string | undefined {
  return client.address === undefined ? undefined : client.ip;
}

/** The `error-codes` of an answer, joined; only texts, and not many. */
export function codesOf({ json, status }: VendorAnswer): string {
  const codes = json["error-codes"];
  const listed = Array.isArray(codes) ? codes.filter((code) => typeof code === "string") : [];
  return listed.length > 0 ? listed.slice(0, 8).join(", ").slice(0, 200) : `status ${status}`;
}

/** The origins of URLs, each once; what is not given is left out. */
export function originsOf(...urls: string[]): string[] {
  return [...new Set(urls.filter((url) => url !== "").map((url) => new URL(url).origin))];
}

const REGIONS: Readonly<Record<string, string>> = { "zh-Hans": "zh-CN", "zh-Hant": "zh-TW" };

/** A page's language as the providers' scripts call it. */
export function languageOf({ language }: Visit): string {
  return REGIONS[language] ?? language;
}
