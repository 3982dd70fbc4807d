import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { AntibotOptions } from "../../../../src/index.js";

/** What a token was earned with. */
export interface Token {
  readonly siteKey: string;
  readonly hostname: string;
  readonly action?: string | undefined;
  readonly cdata?: string | undefined;
  readonly at: number;
  used: boolean;
}

/** What the server sent to check a token. */
export interface Check {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly type: string;
  readonly body: string;
  /** The form's fields, or the JSON document's own texts. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Something that a check answers instead of what it should; `hang` = nothing. */
export type Trouble = "hang" | { status: number; headers?: Record<string, string>; body: string };

/** An answer of a vendor: a status and a JSON document. */
export type Verification = readonly [status: number, json: unknown];

export type Handler = (url: URL, req: IncomingMessage, res: ServerResponse) => Promise<void> | void;

/** A vendor on loopback: hands out tokens as its widget would, and checks each as its contract says. */
export abstract class VendorServer {
  readonly checks: Check[] = [];
  /** Where the vendor's other parts were asked for. */
  readonly visits: string[] = [];
  trouble: Trouble | undefined = undefined;
  /** The script is not there, or its widget throws. */
  script: "missing" | "throwing" | "whole" = "whole";
  readonly siteKey = `site-${randomBytes(6).toString("hex")}`;
  readonly secret = `secret-${randomBytes(12).toString("hex")}`;
  protected readonly tokens = new Map<string, Token>();
  private readonly server = createServer((req, res) => void this.handle(req, res));

  constructor(readonly now: () => number = Date.now) {}

  abstract readonly kind: "recaptcha" | "hcaptcha" | "turnstile" | "mcaptcha" | "capjs";
  /** How long tokens last, in seconds. */
  abstract readonly lifetime: number;
  /** The options that lead to this server. */
  abstract options(): Partial<AntibotOptions>;
  /** Whether a path is where tokens are checked. */
  protected abstract isCheck(path: string): boolean;
  /** The vendor's word on a token. */
  protected abstract verify(check: Check): Verification;
  /** Scripts, frames and files. */
  protected abstract serve: Handler;

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** A token, as a visitor's widget on `hostname` earns one. */
  mint(about: { siteKey?: string; hostname?: string; action?: string; cdata?: string } = {}): string {
    const token = `${this.kind}.${randomBytes(24).toString("base64url")}`;
    this.tokens.set(token, {
      siteKey: about.siteKey ?? this.siteKey,
      hostname: about.hostname ?? "127.0.0.1",
      action: about.action,
      cdata: about.cdata,
      at: this.now(),
      used: false,
    });
    return token;
  }

  /** Takes a token, once and in time. */
  protected take(token: string | undefined): Token | "unknown" | "used" | "old" {
    const known = this.tokens.get(token ?? "");
    if (known === undefined) return "unknown";
    if (known.used) return "used";
    known.used = true;
    return this.now() - known.at > this.lifetime * 1000 ? "old" : known;
  }

  private async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? "/", this.url);
    if (!this.isCheck(url.pathname)) {
      this.visits.push(url.pathname);
      if (this.script !== "whole" && url.pathname.endsWith(".js")) {
        res.writeHead(this.script === "missing" ? 404 : 200, { "content-type": "text/javascript" });
        res.end(this.script === "missing" ? "" : THROWING);
        return;
      }
      await this.serve(url, req, res);
      return;
    }
    const body = await text(req);
    const type = req.headers["content-type"] ?? "";
    const check = { path: url.pathname, query: url.searchParams, type, body, fields: fieldsOf(type, body) };
    this.checks.push(check);
    if (this.trouble === "hang") return;
    if (this.trouble !== undefined) {
      res.writeHead(this.trouble.status, this.trouble.headers).end(this.trouble.body);
      return;
    }
    if (req.method !== "POST") {
      res.writeHead(405).end();
      return;
    }
    const [status, json] = this.verify(check);
    res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
  }
}

export const FORM = "application/x-www-form-urlencoded";

function fieldsOf(type: string, body: string): Record<string, string> {
  if (type === FORM) return Object.fromEntries(new URLSearchParams(body));
  try {
    return JSON.parse(body) as Record<string, string>;
  } catch {
    return {};
  }
}

export function javascript(res: ServerResponse, source: string): void {
  res.writeHead(200, { "content-type": "text/javascript", "access-control-allow-origin": "*" }).end(source);
}

export function html(res: ServerResponse, body: string, title = "widget"): void {
  res.writeHead(200, { "content-type": "text/html" });
  res.end(`<!doctype html><html lang="en"><title>${title}</title><main>${body}</main></html>`);
}

const THROWING = `(function(){
  function fail() { throw new Error("broken"); }
  window.grecaptcha = window.hcaptcha = window.turnstile = { ready: fail, execute: fail, render: fail };
  if (window.bunkerReady) bunkerReady();
})()`;
