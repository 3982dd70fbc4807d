import { randomBytes } from "node:crypto";
import { IncomingMessage, type ServerResponse } from "node:http";
import { Http2ServerRequest } from "node:http2";
import type { Awaitable } from "../awaitable.js";
import type { Client, ClientResolver } from "./client.js";
import { canonicalPath, type CanonicalPath } from "./path.js";
import type { Verdict } from "./verdict.js";

import type { RequestLike } from "./request-like.js";

/** What a valid pass says; set on the request by the gate that checked it. */
export interface PassInfo {
  readonly id: string;
  /** When it was issued, in ms. */
  readonly issued: number;
  /** The kinds of challenges solved for it. */
  readonly kinds: readonly string[];
  /** When each of them was solved, in ms. */
  readonly solved: ReadonlyMap<string, number>;
}

/** How `req.bunker.ban` bans. */
export interface RequestBan {
  /** Why; kept with the ban. Default `"application"`. */
  reason?: string;
  /** Seconds; 0 = permanently. Default: the service's `badBehavior.banTime`, or 86400 where Bad Behavior is off. */
  ttl?: number;
  /** Only this service, or all of them. Default `"service"`. */
  scope?: "service" | "global";
  /** What else is worth keeping with it. */
  data?: unknown;
}

/** What an app finds at `req.bunker`. */
export interface BunkerRequest {
  /** The client's canonical address; `"unknown"` when it has none. */
  readonly ip: string;
  /** The reference id that our pages show for this request. */
  readonly id: string;
  /** What the protections have said so far. */
  readonly verdicts: readonly Verdict[];
  /** The pass that the visitor came with, when a gate found it good. */
  readonly pass: PassInfo | undefined;
  /** Bans this client, for what only the app knows (a failed login, a honeypot). */
  ban(options?: RequestBan): Awaitable<void>;
}

/** Who bans for the app. */
export interface BanHandler {
  banNow(request: RequestView, options: RequestBan): Awaitable<void>;
}

/** Who wants to know how a request ended. */
export interface ResponseObserver {
  responseEnded(client: Client, request: RequestView, status: number): void;
}

/** One request as everything of ours sees it: parsed lazily, once, however many middlewares ask. */
export class RequestView implements BunkerRequest {
  // Made for every request: what most requests use is set at once, in one go; the rest only takes room when it is needed.
  pass: PassInfo | undefined;
  /** The first middleware that saw the request: what the app says of it is done in its name. */
  banHandler: BanHandler | undefined;
  private first: Client | undefined;
  private firstResolver: ClientResolver | undefined;
  private canonical: CanonicalPath | undefined;
  private watcher: ResponseObserver | undefined;
  private watched: Client | undefined;
  /** Set when we answered: `refused` never counts as bad behaviour, `failed` (a challenge answered wrongly) does. */
  declare ownResponse: "refused" | "failed" | undefined;
  /** Cookies that go out with the app's own answer. */
  declare cookies: readonly string[] | undefined;
  declare private others: Map<ClientResolver, Client> | undefined;
  declare private reference: string | undefined;
  declare private counters: Set<object> | undefined;
  declare private moreWatchers: [ResponseObserver, Client][] | undefined;
  declare private noteworthy: Verdict[] | undefined;

  constructor(readonly raw: RequestLike) {}

  /** A view whose client is known beforehand. */
  static of(raw: RequestLike, client: Client, resolver: ClientResolver): RequestView {
    const view = new RequestView(raw);
    view.firstResolver = resolver;
    view.first = client;
    return view;
  }

  /** Stands for a connection that has asked for nothing yet. */
  static ofConnection(client: Client, resolver: ClientResolver): RequestView {
    const socket = { remoteAddress: client.identity.address?.text };
    return RequestView.of({ method: "CONNECT", url: "/", headers: {}, socket }, client, resolver);
  }

  /** The request as Node made it; plain objects stand in for it where nothing is read from them. */
  get message(): IncomingMessage {
    return this.raw as unknown as IncomingMessage;
  }

  /** The client as `resolver` sees it, found out once per resolver. */
  client(resolver: ClientResolver): Client {
    if (this.firstResolver === resolver) return this.first as Client;
    const known = this.others?.get(resolver);
    if (known !== undefined) return known;
    const client = resolver.resolve(this.raw);
    if (this.firstResolver === undefined) {
      this.firstResolver = resolver;
      this.first = client;
    } else {
      (this.others ??= new Map()).set(resolver, client);
    }
    return client;
  }

  /** The client, if it could be found out; never asks again. */
  knownClient(resolver: ClientResolver): Client | undefined {
    return this.firstResolver === resolver ? this.first : this.others?.get(resolver);
  }

  get ip(): string {
    return this.first?.ip ?? "unknown";
  }

  get id(): string {
    return (this.reference ??= referenceId());
  }

  get verdicts(): readonly Verdict[] {
    return this.noteworthy ?? [];
  }

  /** Tells `watcher` when the response is over. One listener a request serves however many middlewares watch. */
  watch(watcher: ResponseObserver, client: Client, res: ServerResponse): void {
    if (this.watcher === undefined) {
      this.watcher = watcher;
      this.watched = client;
      // "close" comes right after "finish", and also when the client is gone.
      res.on("close", notifyWatchers);
    } else if (this.watcher !== watcher) {
      (this.moreWatchers ??= []).push([watcher, client]);
    }
  }

  /** The response is over. Without a status line the client was told nothing that could count. */
  end(res: ServerResponse): void {
    if (!res.headersSent) return;
    this.watcher?.responseEnded(this.watched as Client, this, res.statusCode);
    if (this.moreWatchers !== undefined)
      for (const [watcher, client] of this.moreWatchers) watcher.responseEnded(client, this, res.statusCode);
  }

  /** Remembers a verdict that is worth telling. */
  note(verdict: Verdict): void {
    (this.noteworthy ??= []).push(verdict);
  }

  /** Answers `true` the first time for each `counter`: one response counts once, however many middlewares see it end. */
  countOnce(counter: object): boolean {
    if (this.counters?.has(counter) === true) return false;
    (this.counters ??= new Set()).add(counter);
    return true;
  }

  ban(options: RequestBan = {}): Awaitable<void> {
    return this.banHandler?.banNow(this, options);
  }

  get method(): string {
    return this.raw.method ?? "GET";
  }

  /** The URL as the client wrote it, before any mount point took its part off. */
  get url(): string {
    return this.raw.originalUrl ?? this.raw.url ?? "/";
  }

  get path(): CanonicalPath {
    return (this.canonical ??= canonicalPath(this.url));
  }

  /** A header's text; repeated headers are joined as HTTP joins them. */
  header(name: string): string | undefined {
    const value = this.raw.headers[name];
    return typeof value === "string" || value === undefined ? value : value.join(", ");
  }

  /** Whether a person is waiting to see a page: a GET or HEAD that asks for a document. */
  get isNavigation(): boolean {
    return (this.method === "GET" || this.method === "HEAD") && this.wantsDocument;
  }

  /** Whether the answer is to be shown as a document, whatever the method. */
  get wantsDocument(): boolean {
    const mode = this.header("sec-fetch-mode");
    const destination = this.header("sec-fetch-dest");
    if (mode !== undefined || destination !== undefined) {
      const framed =
        destination === "iframe" ||
        destination === "frame" ||
        destination === "embed" ||
        destination === "object";
      return destination === undefined
        ? mode === "navigate"
        : destination === "document" || (framed && mode === "navigate");
    }
    return /\btext\/html\b|\bapplication\/xhtml\+xml\b/i.test((this.header("accept") ?? "").slice(0, 512));
  }

  /** Whether a refusal is better read by a program: JSON instead of a page. */
  get wantsJson(): boolean {
    const accept = (this.header("accept") ?? "").slice(0, 512).toLowerCase();
    if (accept.includes("text/html")) return false;
    if (accept.includes("json")) return true;
    return (
      this.header("x-requested-with")?.toLowerCase() === "xmlhttprequest" ||
      this.header("sec-fetch-dest") === "empty"
    );
  }
}

function notifyWatchers(this: ServerResponse): void {
  bearerOf(this.req)[VIEW]?.end(this);
}

// A view is kept at the request's own list of raw headers. As a property of the request it costs 2.6 µs once Express has set the
// request's prototype. In a WeakMap it costs 7 µs of garbage collection: a map that has grown old keeps its values, and what
// these hold (the request, the response), through the next scavenge.
const VIEW = Symbol("express-bunker view");
interface Bearer {
  [VIEW]?: RequestView;
}

// Requests that Node did not make, in tests and explanations, may have no such list: they bear the view themselves.
function bearerOf(request: object): Bearer {
  const { rawHeaders } = request as { readonly rawHeaders?: Bearer };
  return Array.isArray(rawHeaders) ? rawHeaders : request;
}

/** The view of a request; made at the first asking. */
export function viewOf(request: RequestLike): RequestView {
  const bearer = bearerOf(request);
  return (bearer[VIEW] ??= new RequestView(request));
}

let exposed = false;

/** Lets apps find the view as `req.bunker`, on requests of HTTP/1 and HTTP/2. */
export function exposeViews(): void {
  if (exposed) return;
  exposed = true;
  for (const { prototype } of [IncomingMessage, Http2ServerRequest]) {
    Object.defineProperty(prototype, "bunker", {
      configurable: true,
      get(this: object) {
        return bearerOf(this)[VIEW];
      },
    });
  }
}

// Drawn in batches: a flood of refusals must not cost a system call each. Crockford's base 32 has no letters to misread.
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
let pool = Buffer.alloc(0);
let used = 0;

function referenceId(): string {
  if (used + 12 > pool.length) {
    pool = randomBytes(12 * 256);
    used = 0;
  }
  let id = "";
  for (let i = 0; i < 12; i++) id += ALPHABET[(pool[used + i] as number) & 31] as string;
  used += 12;
  return id;
}

declare module "http" {
  interface IncomingMessage {
    /** What express-bunker knows of this request; present once one of its middlewares has seen it. */
    readonly bunker?: BunkerRequest;
  }
}
