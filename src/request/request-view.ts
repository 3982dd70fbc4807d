import { randomBytes } from "node:crypto";
import { IncomingMessage, type ServerResponse } from "node:http";
import type { Awaitable } from "../awaitable.js";
import type { Client } from "./client.js";
import type { ClientResolver } from "./client-resolver.js";
import { canonicalPath, type CanonicalPath } from "./path.js";
import { ResponseEnds } from "./response-ends.js";
import { shareShape } from "./shared-shape.js";
import { statusSent } from "./status-sent.js";
import type { Verdict } from "./verdict.js";

import type { AppLike, RequestLike } from "./request-like.js";

/** The contents of a valid pass. The gate that checked it sets it on the request. */
export interface PassInfo {
  readonly id: string;
  /** When it was issued, in ms. */
  readonly issued: number;
  /** The kinds of challenges that were solved for it. */
  readonly kinds: readonly string[];
  /** When each of them was solved, in ms. */
  readonly solved: ReadonlyMap<string, number>;
}

/** Options of `req.bunker.ban`. */
export interface RequestBan {
  /** Why; stored with the ban. Default `"application"`. */
  reason?: string;
  /** How long, in seconds; 0 = permanently. Default: the service's `badBehavior.banTime`, or 86400 where Bad Behavior is off. */
  ttl?: number;
  /** Whether it applies to this service only, or to all. Default `"service"`. */
  scope?: "service" | "global";
  /** Further data to store with the ban: any JSON value. */
  data?: unknown;
}

/** Options of `req.bunker.fail`. */
export interface RequestFailure {
  /** What failed, in a few words (`"login"`): part of the evidence of a ban, cut at 32 characters. Default `"failed"`. */
  reason?: string;
  /** How much it counts towards the threshold: a whole number from 1. Default 1. */
  weight?: number;
}

/** The object that apps find at `req.bunker`. */
export interface BunkerRequest {
  /** The client's canonical address; `"unknown"` if it has none. */
  readonly ip: string;
  /** The reference id of the request, which our pages show. */
  readonly id: string;
  /** The verdicts so far, other than passes. */
  readonly verdicts: readonly Verdict[];
  /** The visitor's pass, if a gate found it valid. */
  readonly pass: PassInfo | undefined;
  /** Bans the client of this request, for a reason that only the app knows (a failed login, a honeypot). */
  ban(options?: RequestBan): Awaitable<void>;
  /**
   * Counts a failure that the status does not show (a failed login that is answered with 200) towards the threshold of Bad
   * Behavior, once for each call and in addition to the response's status. Never throws. Has no effect for clients that never
   * count, and where no Bad Behavior watches the request.
   */
  fail(options?: RequestFailure): void;
}

/** Bans clients for the app. */
export interface BanHandler {
  banNow(request: RequestView, options: RequestBan): Awaitable<void>;
}

/** Is notified of the end of responses. */
export interface ResponseObserver {
  responseEnded(client: Client, request: RequestView, status: number, res?: ServerResponse): void;
  /** The client has left before the response had a status. */
  clientLeft(client: Client, request: RequestView, res: ServerResponse): void;
  /** Counts a failure for the app. Returns `false` if nothing counts here. */
  failed(client: Client, request: RequestView, failure: RequestFailure): boolean;
}

/** A request as this package reads it: parsed lazily, and once for all middlewares. */
export class RequestView implements BunkerRequest {
  // Made for every request: fields that most requests use are initialised together; the others take memory only when used.
  pass: PassInfo | undefined;
  /** The first middleware that saw the request: bans by the app use its options. */
  banHandler: BanHandler | undefined;
  private first: Client | undefined;
  private firstResolver: ClientResolver | undefined;
  /** What the first protection that admitted the request knows of its client: spares it a lookup at the end. */
  activity: object | undefined;
  /** Or the URL that it is made of when it is asked for. */
  private canonical: CanonicalPath | string | undefined;
  private watcher: ResponseObserver | undefined;
  private watched: Client | undefined;
  /** Whether the response is in the list of its connection. */
  private isListed = false;
  private isOver = false;
  /** Set when the response is ours: `refused` never counts as bad behaviour, `failed` (a wrong solution of a challenge) does. */
  declare ownResponse: "refused" | "failed" | undefined;
  /** Cookies to send with the app's own response. */
  declare cookies: readonly string[] | undefined;
  declare private others: Map<ClientResolver, Client> | undefined;
  declare private reference: string | undefined;
  declare private counters: Set<object> | undefined;
  declare private moreWatchers: [ResponseObserver, Client][] | undefined;
  declare private noteworthy: Verdict[] | undefined;

  constructor(readonly raw: RequestLike) {}

  /** Makes a view whose client is known beforehand. */
  static of(raw: RequestLike, client: Client, resolver: ClientResolver): RequestView {
    const view = new RequestView(raw);
    view.firstResolver = resolver;
    view.first = client;
    return view;
  }

  /** Makes a view that stands for a connection before its first request. */
  static ofConnection(client: Client, resolver: ClientResolver): RequestView {
    const socket = { remoteAddress: client.identity.address?.text };
    return RequestView.of({ method: "CONNECT", url: "/", headers: {}, socket }, client, resolver);
  }

  /** The request as Node's type; a plain object where no message is read. */
  get message(): IncomingMessage {
    return this.raw as unknown as IncomingMessage;
  }

  /**
   * Returns the client as `resolver` determines it, once per resolver.
   *
   * @param app the Express app whose `trust proxy` applies if the request names none
   */
  client(resolver: ClientResolver, app?: AppLike): Client {
    if (this.firstResolver === resolver) return this.first as Client;
    const known = this.others?.get(resolver);
    if (known !== undefined) return known;
    const client = resolver.resolve(this.raw, app);
    if (this.firstResolver === undefined) {
      this.firstResolver = resolver;
      this.first = client;
    } else {
      (this.others ??= new Map()).set(resolver, client);
    }
    return client;
  }

  /** Returns the client if it was determined before. */
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

  /** Notifies `watcher` when the response has ended. However many watch, the response is watched once. */
  watch(watcher: ResponseObserver, client: Client, res: ServerResponse): void {
    if (this.watcher === undefined) {
      this.watcher = watcher;
      this.watched = client;
      this.isListed = ends.watch(this, res);
    } else if (this.watcher !== watcher) {
      (this.moreWatchers ??= []).push([watcher, client]);
    }
  }

  /** Notifies the watchers, once. */
  end(res: ServerResponse): void {
    const { watcher } = this;
    if (watcher === undefined || this.isOver) return;
    this.isOver = true;
    if (this.isListed) ends.forget(this, res);
    const client = this.watched as Client;
    if (statusSent(res)) {
      watcher.responseEnded(client, this, res.statusCode, res);
      if (this.moreWatchers !== undefined)
        for (const [one, known] of this.moreWatchers) one.responseEnded(known, this, res.statusCode, res);
      return;
    }
    watcher.clientLeft(client, this, res);
    for (const [one, known] of this.moreWatchers ?? []) one.clientLeft(known, this, res);
  }

  /** Adds a verdict to {@link verdicts}. */
  note(verdict: Verdict): void {
    (this.noteworthy ??= []).push(verdict);
  }

  /** Returns `true` the first time for each `counter`: a response counts once, however many middlewares observe it. */
  countOnce(counter: object): boolean {
    if (this.counters?.has(counter) === true) return false;
    (this.counters ??= new Set()).add(counter);
    return true;
  }

  ban(options: RequestBan = {}): Awaitable<void> {
    return this.banHandler?.banNow(this, options);
  }

  fail(options: RequestFailure = {}): void {
    if (this.watcher === undefined || this.watcher.failed(this.watched as Client, this, options)) return;
    for (const [watcher, client] of this.moreWatchers ?? [])
      if (watcher.failed(client, this, options)) return;
  }

  get method(): string {
    return this.raw.method ?? "GET";
  }

  /** The URL as the client sent it, with the part that a mount point removed. */
  get url(): string {
    return this.raw.originalUrl ?? this.raw.url ?? "/";
  }

  get path(): CanonicalPath {
    const known = this.canonical;
    return typeof known === "object" ? known : (this.canonical = canonicalPath(known ?? this.url));
  }

  /**
   * Returns the URL that {@link path} will be made of: from now on it stays, whatever the app makes of the request. `undefined` if
   * the path was made before.
   */
  keepUrl(): string | undefined {
    const known = this.canonical;
    return typeof known === "object" ? undefined : (this.canonical = known ?? this.url);
  }

  /** Returns a header's text; repeated headers are joined by commas. */
  header(name: string): string | undefined {
    const value = this.raw.headers[name];
    return typeof value === "string" || value === undefined ? value : value.join(", ");
  }

  /** Whether it is a navigation: a GET or HEAD for a document. */
  get isNavigation(): boolean {
    return (this.method === "GET" || this.method === "HEAD") && this.wantsDocument;
  }

  /** Whether the response will be shown as a document, whatever the method. */
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

  /** Whether a program reads the response, so that a refusal should be JSON instead of a page. */
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

const ends = new ResponseEnds((res) => bearerOf(res.req)[VIEW]?.end(res));

/** Has the ends of responses watched at little cost, as long as an engine lives. Returns a function that the engine calls at its end. */
export function watchEnds(): () => void {
  return ends.use();
}

// The view is a property of the request's list of raw headers. As a property of the request it costs 2.6 µs once Express has set
// the request's prototype. In a WeakMap it costs 7 µs of garbage collection: an old map keeps its values, and with them the
// request and the response, through the next scavenge.
const VIEW = Symbol("express-bunker view");
interface Bearer {
  [VIEW]?: RequestView;
}

// Requests that Node did not make, in tests and explanations, may have no such list: the view is their own property.
function bearerOf(request: object): Bearer {
  const { rawHeaders } = request as { readonly rawHeaders?: Bearer };
  return Array.isArray(rawHeaders) ? rawHeaders : request;
}

/** Returns the view of a request, and makes it the first time. */
export function viewOf(request: RequestLike): RequestView {
  const bearer = bearerOf(request);
  return (bearer[VIEW] ??= newView(request));
}

function newView(request: RequestLike): RequestView {
  shareShape(request);
  // A server of HTTP/2 has loaded the module; loading it takes as long as a third of this package.
  if (request.stream != null) expose(process.getBuiltinModule("node:http2").Http2ServerRequest);
  return new RequestView(request);
}

const exposed = new Set<object>();

/** Defines `req.bunker` on requests of HTTP/1. Those of HTTP/2 get it with the first view of one. */
export function exposeViews(): void {
  expose(IncomingMessage);
}

function expose({ prototype }: { readonly prototype: object }): void {
  if (exposed.has(prototype)) return;
  exposed.add(prototype);
  Object.defineProperty(prototype, "bunker", {
    configurable: true,
    get(this: object) {
      return bearerOf(this)[VIEW];
    },
  });
}

// Random bytes are read in batches, so that not every refusal costs a system call. Crockford's base 32 avoids similar letters.
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
    /** express-bunker's view of this request; present once one of its middlewares has seen it. */
    readonly bunker?: BunkerRequest;
  }
}
