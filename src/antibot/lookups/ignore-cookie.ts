import { readCookies } from "../../request/cookies.js";
import { callHook } from "../../engine/pipeline.js";
import { messageOf } from "../../errors.js";
import type { Client } from "../../request/client.js";
import type { Check } from "../../options/check.js";
import type { RequestView } from "../../request/request-view.js";
import type { Context } from "../../engine/context.js";
import { isThenable } from "../../awaitable.js";

/** A cookie that lets a request through. */
export interface CookieRule {
  readonly name: string;
  /** `undefined` = any value is good. */
  readonly verify: ((value: string, request: never) => unknown) | undefined;
}

const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;

export const cookieRulesCheck: Check<readonly CookieRule[]> = {
  allowed: "{ name, verify(value, req) }, a cookie's name, or an array of these",
  parse: (text) => text.split(/\s+/).filter((word) => word !== ""),
  read(value, path, report) {
    const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
    const rules = entries.map(readRule);
    if (rules.every((rule) => rule !== undefined)) return rules;
    report({ path, value, allowed: this.allowed });
    return undefined;
  },
};

function readRule(entry: unknown): CookieRule | undefined {
  if (typeof entry === "string")
    return COOKIE_NAME.test(entry) ? { name: entry, verify: undefined } : undefined;
  if (typeof entry !== "object" || entry === null) return undefined;
  const { name, verify, ...rest } = entry as { name?: unknown; verify?: unknown };
  const good = typeof name === "string" && COOKIE_NAME.test(name) && typeof verify === "function";
  return good && Object.keys(rest).length === 0
    ? { name, verify: verify as (value: string, request: never) => unknown }
    : undefined;
}

/** Warns at start about cookies that let through any client that sends them. */
export function warnOfBareCookies(rules: readonly CookieRule[], context: Context): void {
  for (const { name, verify } of rules) {
    if (verify !== undefined) continue;
    context.events.warn(
      "WRN_BUNKER_IGNORE_COOKIE",
      `ignoreCookie lets through every client that sends a cookie called ${name}, whatever its value; give it a verify(value, req)`,
      name,
    );
  }
}

/** Whether a rule lets the request through. A hook that throws or returns a promise does not. */
export function hasIgnoredCookie(
  rules: readonly CookieRule[],
  client: Client,
  request: RequestView,
  context: Context,
): boolean {
  const header = request.raw.headers.cookie;
  if (header === undefined) return false;
  return rules.some(({ name, verify }) =>
    readCookies(header, name).some((value) => {
      if (verify === undefined) return true;
      try {
        const hook = (req: never): unknown => {
          const result = verify(value, req);
          return isThenable(result) ? result : result === true;
        };
        return callHook("ignoreCookie.verify", hook, request.raw);
      } catch (error) {
        const about = { protection: "antibot", reason: "exception", data: messageOf(error) };
        context.emit("fault", about, client, request);
        return false;
      }
    }),
  );
}
