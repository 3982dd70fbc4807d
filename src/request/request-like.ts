import type { IncomingHttpHeaders } from "node:http";

/** The parts of a request that this package reads: an IncomingMessage has them, and a plain object can. */
export interface RequestLike {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly originalUrl?: string | undefined;
  /** Where the middleware is mounted, as Express says. */
  readonly baseUrl?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly socket?: {
    readonly remoteAddress?: string | undefined;
    readonly localAddress?: string | undefined;
    readonly destroyed?: boolean;
    readonly encrypted?: boolean | undefined;
  } | null;
  /** The stream of an HTTP/2 request. */
  readonly stream?: { readonly endAfterHeaders?: boolean | undefined } | null;
}

/** An Express app, as far as its settings are read. */
export interface AppLike {
  get?(name: string): unknown;
  /** The app on which it is mounted. */
  readonly parent?: AppLike | undefined;
}
