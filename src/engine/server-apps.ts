import type { EventEmitter } from "node:events";
import type { AppLike, RequestLike } from "../request/request-like.js";

interface Served extends RequestLike {
  readonly app?: AppLike;
  readonly socket?: RequestLike["socket"] & { readonly server?: object | null };
}

/**
 * The Express apps of servers. An app's `trust proxy` also applies to requests of its server that never reach the app:
 * WebSocket upgrades, and what socket.io takes for itself.
 */
export class ServerApps {
  private readonly apps = new WeakMap<object, AppLike>();
  // The last request: mostly the next one has the same server and app.
  private lastServer: object | null | undefined;
  private lastOwn: AppLike | undefined;
  private last: AppLike | undefined;

  /** Returns the app that a request belongs to; `undefined` if it is not known, or not an Express app. */
  of(request: RequestLike): AppLike | undefined {
    const { app, socket } = request as Served;
    const server = socket?.server;
    if (app !== this.lastOwn || server !== this.lastServer) this.take(server, app);
    return this.last;
  }

  /** Sets the app of a server, whatever its requests show. */
  give(server: object, app: AppLike): void {
    this.apps.set(server, app);
    this.lastServer = this.lastOwn = this.last = undefined;
  }

  /** Returns the app of a server. */
  ofServer(server: object): AppLike | undefined {
    const known = this.apps.get(server);
    if (known !== undefined) return known;
    // socket.io takes the listeners away, so what is found is kept.
    const found = appAmong(server);
    if (found !== undefined) this.apps.set(server, found);
    return found;
  }

  private take(server: object | null | undefined, own: AppLike | undefined): void {
    this.lastServer = server;
    this.lastOwn = own;
    this.last = own;
    if (server === undefined || server === null) return;
    const known = this.ofServer(server);
    if (own === undefined) this.last = known;
    // The first app stays: a client that chooses the app by its path must not choose the trust of upgrades.
    else if (known === undefined) this.apps.set(server, outermost(own));
  }
}

// Express links an app that is mounted in another to it.
function outermost(app: AppLike): AppLike {
  let outer = app;
  while (isExpressApp(outer.parent)) outer = outer.parent;
  return outer;
}

// Not `get` alone: on a router, and on other objects, it does something else than reading a setting.
function appAmong(server: object): AppLike | undefined {
  const { listeners } = server as Partial<EventEmitter>;
  if (typeof listeners !== "function") return undefined;
  return (listeners.call(server, "request") as unknown[]).find(isExpressApp);
}

/** Whether it is an Express app: a thing with settings that `get` reads. */
export function isExpressApp(thing: unknown): thing is AppLike {
  const { get, settings } = (thing ?? {}) as { readonly get?: unknown; readonly settings?: unknown };
  return typeof get === "function" && typeof settings === "object" && settings !== null;
}
