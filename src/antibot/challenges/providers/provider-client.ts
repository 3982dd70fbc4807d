import { messageOf } from "../../../errors.js";
import { send, type HttpError } from "../../../http/http-client.js";
import type { ProviderResponse, ProviderRequest } from "./provider.js";

/**
 * Why a provider's response cannot be used. `timeout`, `unreachable` and `status` (5xx) are outages; the others are not what
 * the provider does when it is down.
 */
export type FailureKind = "timeout" | "unreachable" | "status" | "redirect" | "large" | "malformed" | "busy";

export class ProviderFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
    this.name = "ProviderFailure";
  }

  /** Whether it shows that the provider is down. */
  get isOutage(): boolean {
    return this.kind === "timeout" || this.kind === "unreachable" || this.kind === "status";
  }
}

/**
 * Posts to a provider and returns the JSON object of its response, within `deadline` ms; at most 64 KB, no redirect followed.
 * Every call has its own connection, so that no token is ever posted twice. Rejects with {@link ProviderFailure}.
 */
export async function callProvider(call: ProviderRequest, deadline: number): Promise<ProviderResponse> {
  const { status, body } = await send({
    method: "POST",
    url: new URL(call.url),
    headers: { "Content-Type": call.type, Accept: "application/json", "User-Agent": "express-bunker" },
    body: call.body,
    timeout: deadline,
    maxBytes: 65_536,
    reads: (status) => status < 300 || (status >= 400 && status < 500),
  }).catch(failed);
  if (status >= 500) throw new ProviderFailure("status", `status ${status}`);
  if (status >= 300 && status < 400)
    throw new ProviderFailure("redirect", `status ${status}: redirects are not followed`);
  const json = objectOf(body);
  if (json === undefined) throw new ProviderFailure("malformed", `status ${status} without a JSON object`);
  return { status, json };
}

function failed(error: unknown): never {
  const { kind = "failed", cause } = error as Partial<HttpError>;
  const failure = kind === "failed" ? "unreachable" : kind === "too large" ? "large" : kind;
  throw new ProviderFailure(failure, (cause as NodeJS.ErrnoException | undefined)?.code ?? messageOf(error));
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
