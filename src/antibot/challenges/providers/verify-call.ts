import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { VendorAnswer, VendorCall } from "./vendor.js";

/** The longest answer that is read, in bytes. */
const LONGEST_ANSWER = 65_536;

/**
 * Why a provider's answer cannot be used. `timeout`, `unreachable` and `status` (5xx) are outages; the others are not what
 * the provider does when it is down.
 */
export type FailureKind = "timeout" | "unreachable" | "status" | "redirect" | "large" | "malformed" | "busy";

/** A check that could not be made. */
export class VendorFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
    this.name = "VendorFailure";
  }

  /** Whether it shows that the provider is down. */
  get isOutage(): boolean {
    return this.kind === "timeout" || this.kind === "unreachable" || this.kind === "status";
  }
}

/**
 * Posts to a provider and answers the JSON object that comes back: within `deadline` ms in all, at most 64 KB, no redirect
 * followed.
 *
 * @throws {VendorFailure} when there is no such answer
 */
export function callVendor(call: VendorCall, deadline: number): Promise<VendorAnswer> {
  const url = new URL(call.url);
  const body = Buffer.from(call.body);
  return new Promise((resolve, reject) => {
    let ended = false;
    const fail = (kind: FailureKind, what: string): void => end(() => reject(new VendorFailure(kind, what)));
    const timer = setTimeout(() => fail("timeout", `no answer within ${deadline} ms`), deadline);
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      method: "POST",
      // One connection a call: a token that may have been spent must not be posted again over a stale one.
      agent: false,
      headers: {
        "Content-Type": call.type,
        "Content-Length": body.length,
        Accept: "application/json",
        "User-Agent": "express-bunker",
      },
    });
    const end = (then: () => void): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      then();
      request.destroy();
    };
    request.on("error", (error: NodeJS.ErrnoException) => fail("unreachable", error.code ?? error.message));
    request.on("response", (response) => read(response, (answer) => end(() => resolve(answer)), fail));
    request.end(body);
  });
}

function read(
  response: IncomingMessage,
  done: (answer: VendorAnswer) => void,
  fail: (kind: FailureKind, what: string) => void,
): void {
  const status = response.statusCode ?? 0;
  if (status >= 500) {
    fail("status", `status ${status}`);
    return;
  }
  if (status >= 300 && status < 400) {
    fail("redirect", `status ${status}: redirects are not followed`);
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  response.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > LONGEST_ANSWER) fail("large", `an answer of more than ${LONGEST_ANSWER} bytes`);
    else chunks.push(chunk);
  });
  response.on("error", (error) => fail("unreachable", error.message));
  response.on("end", () => {
    const json = objectOf(Buffer.concat(chunks).toString("utf8"));
    if (json === undefined) fail("malformed", `status ${status} without a JSON object`);
    else done({ status, json });
  });
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
