import type { IncomingMessage, ServerResponse } from "node:http";
import { BodyBudget } from "../http/body-budget.js";
import { readBody } from "../http/request-body.js";
import { ApiError } from "./api-error.js";

/** In bytes. */
const MAX_BODY = 16 * 1024;
const BODY_TIMEOUT_MS = 10_000;
const BUDGET = new BodyBudget(1024 * 1024, "refuse");
const MAX_PARAMETER = 512;

/** A call of the API: its parameters, checked as they are read. */
export class ApiCall {
  /** Whether the client is gone, or has its response. */
  readonly isOver: () => boolean;
  private readonly query: URLSearchParams;

  /** @param subject the last part of the path, such as an address; empty where there is none */
  constructor(
    readonly req: IncomingMessage,
    res: ServerResponse,
    search: string,
    readonly subject: string,
  ) {
    let isOver = false;
    res.once("close", () => (isOver = true));
    this.isOver = () => isOver;
    this.query = new URLSearchParams(search);
  }

  /** A parameter as text; `undefined` = it is absent or empty. */
  text(name: string): string | undefined {
    const value = this.query.get(name);
    if (value === null || value === "") return undefined;
    if (value.length > MAX_PARAMETER)
      throw new ApiError(400, "bad_request", `${name} is longer than ${MAX_PARAMETER} characters`, name);
    return value;
  }

  oneOf<T extends string>(name: string, values: readonly T[], byDefault: T): T {
    const value = this.text(name);
    const found = value === undefined ? byDefault : values.find((one) => one === value);
    if (found === undefined)
      throw new ApiError(400, "bad_request", `${name} must be one of ${values.join(", ")}`, name);
    return found;
  }

  integer(name: string, max: number, byDefault: number): number {
    const value = this.text(name);
    if (value === undefined) return byDefault;
    if (!/^\d{1,9}$/.test(value) || Number(value) < 1 || Number(value) > max)
      throw new ApiError(400, "bad_request", `${name} must be a whole number from 1 to ${max}`, name);
    return Number(value);
  }

  /** Reads the JSON object in the body. */
  async body(): Promise<Fields> {
    const type = (this.req.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
    if (type !== "application/json")
      throw new ApiError(415, "bad_request", "the body must be application/json");
    return new Fields(await this.json());
  }

  private async json(): Promise<Readonly<Record<string, unknown>>> {
    const { body } = this.req as { readonly body?: unknown };
    // A body parser of the app may have read it; some set an empty body in any case.
    const isRead = this.req.readableEnded || (isObject(body) && Object.keys(body).length > 0);
    const text = !isRead ? await this.read() : isText(body) ? String(body) : undefined;
    const value = text === undefined ? body : parse(text);
    if (!isObject(value)) throw new ApiError(400, "bad_request", "the body must be a JSON object");
    return value;
  }

  private async read(): Promise<string> {
    const body = await readBody(this.req, { max: MAX_BODY, timeout: BODY_TIMEOUT_MS, budget: BUDGET });
    if (Buffer.isBuffer(body)) return body.toString("utf8");
    const status = body === "too large" ? 413 : body === "busy" ? 503 : 408;
    throw new ApiError(status, body === "busy" ? "busy" : "bad_request", `the body was not read: ${body}`);
  }
}

/** The fields of a body, checked as they are read. */
export class Fields {
  constructor(private readonly fields: Readonly<Record<string, unknown>>) {}

  text(name: string, max: number): string | undefined {
    const value = this.fields[name];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value !== "string" || value.length > max)
      throw new ApiError(400, "bad_request", `${name} must be a text of at most ${max} characters`, name);
    return value;
  }

  required(name: string, max: number): string {
    const value = this.text(name, max);
    if (value === undefined) throw new ApiError(400, "bad_request", `${name} is missing`, name);
    return value;
  }

  seconds(name: string, max: number): number | undefined {
    const value = this.fields[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0 || value > max)
      throw new ApiError(400, "bad_request", `${name} must be a number of seconds from 0 to ${max}`, name);
    return value;
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const value = this.text(name, 64);
    const found = values.find((one) => one === value);
    if (value !== undefined && found === undefined)
      throw new ApiError(400, "bad_request", `${name} must be one of ${values.join(", ")}`, name);
    return found;
  }

  flag(name: string): boolean {
    const value = this.fields[name];
    if (value !== undefined && typeof value !== "boolean")
      throw new ApiError(400, "bad_request", `${name} must be true or false`, name);
    return value === true;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}

function isText(value: unknown): value is string | Buffer {
  return typeof value === "string" || Buffer.isBuffer(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
