import type { Visit } from "../../challenge.js";
import type { Reply } from "../../../request/verdict.js";

/** The challenges that an outside service shows and checks. */
export type ProviderName = "recaptcha" | "hcaptcha" | "turnstile" | "mcaptcha" | "capjs";

export interface WidgetState {
  /** Random; binds the token to this challenge where the provider can carry it through (Turnstile's `cdata`). */
  readonly bind: string;
  /** The checkbox that follows a low score. */
  readonly checkbox?: true;
  /** The visitor's last token was refused: the page fetches another one only when the visitor asks for it. */
  readonly pause?: true;
}

/** What the page needs to show a provider's widget. */
export interface Widget {
  /** `score` asks for a token in the background, `render` draws a widget, `frame` waits for the token of the page's frame. */
  readonly mode: "score" | "render" | "frame";
  readonly script?: string;
  /** The global that the script defines; dots lead to a member of it. */
  readonly api?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly frame?: string;
  /** More sources for the page's Content-Security-Policy, by directive. */
  readonly csp: Readonly<Record<string, readonly string[]>>;
}

export interface ProviderRequest {
  readonly url: string;
  readonly type: "application/x-www-form-urlencoded" | "application/json";
  readonly body: string;
}

/** A provider's response: a JSON object, whatever its status. */
export interface ProviderResponse {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/**
 * What a provider said about a token: it is `right` or `wrong`; `low` = right, but its score is too low; `retry` = the
 * provider wants to be asked again; `fault` = our own keys or settings are wrong.
 */
export interface TokenResult {
  readonly outcome: "right" | "wrong" | "low" | "retry" | "fault";
  /** For the operator. */
  readonly reason?: string;
}

/** One provider: how its widget is shown and how its tokens are checked. Each gate has its own. */
export interface Provider {
  readonly name: ProviderName;
  /** Its name for people. */
  readonly title: string;
  /** The hosts that learn visitors' addresses. */
  readonly recipients: readonly string[];
  readonly field: string;
  /** Longer tokens are refused without a call. */
  readonly maxTokenLength: number;
  /** Whether a request may be repeated with the very same body. */
  readonly mayRepeat?: boolean;
  readonly checkboxAfterLowScore?: boolean;
  widget(state: WidgetState, visit: Visit): Widget;
  checkRequest(token: string, state: WidgetState, visit: Visit): ProviderRequest;
  interpret(response: ProviderResponse, state: WidgetState, visit: Visit): TokenResult;
  /** A request that shows whether the provider is back and costs no visitor anything. */
  probeRequest(): ProviderRequest;
  /** The page in the frame, where the frame is ours. */
  readonly framePage?: (visit: Visit) => Reply;
}

export const RIGHT: TokenResult = { outcome: "right" };

export function wrong(reason: string): TokenResult {
  return { outcome: "wrong", reason };
}

export const TEST_SECRETS: ReadonlySet<string> = new Set([
  // reCAPTCHA and hCaptcha: every token is right.
  "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe",
  "0x0000000000000000000000000000000000000000",
  // Turnstile: always right, always wrong, always used.
  "1x0000000000000000000000000000000AA",
  "2x0000000000000000000000000000000AA",
  "3x0000000000000000000000000000000AA",
]);

/**
 * The result of a `siteverify` response without `success`, or with a test secret: then the host, the action and so on are
 * not this site's. `undefined` = a success with details to check.
 */
export function settledResult(response: ProviderResponse, secret: string): TokenResult | undefined {
  if (response.json["success"] === true) return TEST_SECRETS.has(secret) ? RIGHT : undefined;
  const codes = codesOf(response);
  const isFault = /\b(?:missing-input-secret|invalid-input-secret|invalid-keys)\b/.test(codes);
  return isFault ? { outcome: "fault", reason: codes } : wrong(codes);
}

/** A request with a form body. With `visit`, it also carries the visitor's address. */
export function formRequest(url: string, fields: Record<string, string>, visit?: Visit): ProviderRequest {
  const remoteip = visit && addressOf(visit);
  const body = new URLSearchParams(remoteip === undefined ? fields : { ...fields, remoteip }).toString();
  return { url, type: "application/x-www-form-urlencoded", body };
}

export function jsonRequest(url: string, value: unknown): ProviderRequest {
  return { url, type: "application/json", body: JSON.stringify(value) };
}

/** The visitor's IP address; `undefined` without one. */
export function addressOf({ client }: Visit): string | undefined {
  return client.address === undefined ? undefined : client.ip;
}

/** The `error-codes` of a response, joined and bounded; without any, its status. */
export function codesOf({ json, status }: ProviderResponse): string {
  const codes = json["error-codes"];
  const listed = Array.isArray(codes) ? codes.filter((code) => typeof code === "string") : [];
  return listed.length > 0 ? listed.slice(0, 8).join(", ").slice(0, 200) : `status ${status}`;
}

/** The origins of URLs, each once; empty texts are left out. */
export function originsOf(...urls: string[]): string[] {
  return [...new Set(urls.filter((url) => url !== "").map((url) => new URL(url).origin))];
}

/** The page's language as the providers' scripts name it. */
export function languageOf({ language }: Visit): string {
  return language === "zh-Hans" ? "zh-CN" : language === "zh-Hant" ? "zh-TW" : language;
}
