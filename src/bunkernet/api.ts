import type { Pauses } from "../back-off.js";
import { messageOf } from "../errors.js";
import { send, type HttpRequest, type HttpResponse } from "../http/http-client.js";
import type { Meter } from "../meter.js";
import { packageVersion } from "../version.js";
import { ListReader } from "./list-reader.js";
import { operatingSystem, UNKNOWN_SYSTEM, type OperatingSystem } from "./operating-system.js";
import type { BunkernetResolved } from "./options.js";
import type { ThreatReport } from "./threat-report.js";
import { callUrl } from "./server-url.js";

/** What became of a call. */
export type Outcome<T> =
  | { readonly kind: "ok"; readonly value: T }
  /** 401 or 403: our id, or we, are not welcome. */
  | { readonly kind: "refused"; readonly problem: string }
  /** 429. `retryAfter` in seconds; 0 = it did not say. */
  | { readonly kind: "busy"; readonly retryAfter: number; readonly problem: string }
  /** 400, 413 or 422: what we sent is at fault. */
  | { readonly kind: "rejected"; readonly problem: string }
  | { readonly kind: "failed"; readonly problem: string };

/** What a downloaded list may weigh, in bytes. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** What any other response may weigh, in bytes. */
const MAX_BYTES = 64 * 1024;
const MAX_RETRY_AFTER = 86_400;

/** The pauses after calls that failed. */
export const SERVER_PAUSES: Pauses = { first: 30, maxOwn: 3600, max: MAX_RETRY_AFTER, isSpread: true };

/** The four calls of the BunkerNet API. None of them ever rejects. */
export class Api {
  private system: Promise<OperatingSystem> | undefined;

  constructor(
    private readonly options: BunkernetResolved,
    private readonly stop: Pick<AbortController, "signal">,
    private readonly meter?: Meter,
  ) {}

  private get version(): string {
    return this.options.version ?? packageVersion();
  }

  private get userAgent(): string {
    return this.options.userAgent ?? `express-bunker/${packageVersion()}`;
  }

  /** Asks for an id. */
  async register(): Promise<Outcome<string>> {
    const outcome = await this.ask("POST", "/register", {});
    if (outcome.kind !== "ok") return outcome;
    const id = outcome.value;
    return typeof id === "string" && /^[!-~]{1,128}$/.test(id)
      ? { kind: "ok", value: id }
      : failed("the API gave no usable id");
  }

  /** Pings the API. */
  async ping(id: string): Promise<Outcome<string>> {
    const outcome = await this.ask("GET", "/ping", { id });
    if (outcome.kind !== "ok") return outcome;
    const { value } = outcome;
    return { kind: "ok", value: printable(typeof value === "string" ? value : JSON.stringify(value), 64) };
  }

  /** Delivers reports, 100 at most. */
  async report(
    id: string,
    reports: readonly ThreatReport[],
    signal?: AbortSignal,
  ): Promise<Outcome<unknown>> {
    return this.ask("POST", "/report", { id, reports }, signal === undefined ? {} : { signal });
  }

  /** Downloads the list and hands on its entries as they come, a few thousand at a time. */
  async list(
    id: string,
    take: (entries: readonly string[]) => Promise<void> | void,
  ): Promise<Outcome<{ strangers: number }>> {
    const reader = new ListReader();
    const stream = {
      take: (chunk: Buffer) => take(reader.read(chunk)),
      timeout: this.options.listTimeout * 1000,
      maxBytes: MAX_LIST_BYTES,
    };
    const outcome = await this.call("GET", "/db", { id }, { stream });
    if (outcome.kind !== "ok") return outcome;
    try {
      reader.end();
    } catch (error) {
      return failed(messageOf(error));
    }
    if (reader.result !== "ok") return failed(saidNo(reader.result, reader.message));
    if (!reader.hasList) return failed("the response has no list");
    return { kind: "ok", value: { strangers: reader.nonTexts } };
  }

  private async ask(
    method: HttpRequest["method"],
    path: string,
    fields: object,
    extra: Partial<HttpRequest> = {},
  ): Promise<Outcome<unknown>> {
    const outcome = await this.call(method, path, fields, extra);
    if (outcome.kind !== "ok") return outcome;
    const reply = parse(outcome.value.body);
    if (reply === undefined) return failed("the response is not JSON with result and data");
    return reply.result === "ok"
      ? { kind: "ok", value: reply.data }
      : failed(saidNo(reply.result, reply.data));
  }

  private async call(
    method: HttpRequest["method"],
    path: string,
    fields: object,
    extra: Partial<HttpRequest>,
  ): Promise<Outcome<HttpResponse>> {
    const { options } = this;
    try {
      // Redirects are not followed: only the server that the operator configured learns the instance's id.
      const sent = send({
        method,
        url: callUrl(options.server, path),
        headers: {
          "User-Agent": this.userAgent,
          Accept: "*/*",
          "Content-Type": "application/json",
          ...(options.token === undefined ? {} : { "X-BunkerNet-Token": options.token }),
        },
        body: JSON.stringify({
          integration: options.integration,
          version: this.version,
          os: await (this.system ??= options.os ? operatingSystem() : Promise.resolve(UNKNOWN_SYSTEM)),
          ...fields,
        }),
        ca: options.ca,
        timeout: options.timeout,
        maxBytes: MAX_BYTES,
        signal: this.stop.signal,
        ...extra,
      });
      return outcomeOf(await (this.meter?.timed("vendor", "bunkernet", sent) ?? sent));
    } catch (error) {
      return failed(messageOf(error));
    }
  }
}

// The status decides before the body is read: a proxy's error page is not JSON.
function outcomeOf(response: HttpResponse): Outcome<HttpResponse> {
  const { status, headers } = response;
  if (status === 200) return { kind: "ok", value: response };
  const problem = `answered ${status}`;
  if (status === 401 || status === 403) return { kind: "refused", problem };
  if (status === 429)
    return { kind: "busy", problem, retryAfter: secondsOf(headers["retry-after"], headers.date) };
  if (status === 400 || status === 413 || status === 422) return { kind: "rejected", problem };
  return failed(problem);
}

// RFC 9110, 10.2.3: seconds, or a date; a date is measured against the server's own clock.
function secondsOf(retryAfter: string | undefined, date: string | undefined): number {
  if (retryAfter === undefined) return 0;
  const seconds = /^\d{1,9}$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - Date.parse(date ?? "")) / 1000;
  return Number.isFinite(seconds) ? Math.min(MAX_RETRY_AFTER, Math.max(0, Math.ceil(seconds))) : 0;
}

function parse(body: string): { result: unknown; data: unknown } | undefined {
  try {
    const reply: unknown = JSON.parse(body);
    if (typeof reply !== "object" || reply === null || !("result" in reply) || !("data" in reply))
      return undefined;
    return reply;
  } catch {
    return undefined;
  }
}

// What goes wrong may quote the other side (a certificate's name): it ends up in logs and on terminals.
function failed(problem: string): { kind: "failed"; problem: string } {
  return { kind: "failed", problem: printable(problem, 300) };
}

function printable(text: string, most: number): string {
  return text.replace(/[^ -~]+/g, " ").slice(0, most);
}

function saidNo(result: unknown, data: unknown): string {
  const text = typeof data === "string" ? `: ${data}` : "";
  return printable(`the API said ${JSON.stringify(result ?? null)}${text}`, 200);
}
