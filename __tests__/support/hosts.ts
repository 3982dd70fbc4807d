import connect from "connect";
import express5 from "express";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { Middleware } from "../../src/index.js";

/** A request handler that responds for the site behind the middleware. */
export type Site = (req: IncomingMessage, res: ServerResponse) => void;

/** A framework that Connect middleware can be mounted on. */
export interface Host {
  readonly name: string;
  /** Returns a request listener that runs `middlewares` and then `site`. Express hosts trust loopback as a proxy. */
  app(middlewares: readonly Middleware[], site: Site): RequestListener;
  /** Whether the host determines addresses itself (`trust proxy`), so that no `trustProxy` option is needed. */
  readonly trusts: boolean;
}

// eslint-disable-next-line @typescript-eslint/no-require-imports
const express4 = require("express4") as typeof express5;

function expressHost(name: string, express: typeof express5): Host {
  return {
    name,
    trusts: true,
    app(middlewares, site) {
      const app = express();
      app.set("trust proxy", "loopback");
      for (const middleware of middlewares) app.use(middleware);
      app.use(site);
      return app;
    },
  };
}

/** Bare `node:http`, which calls each middleware in turn. */
const bareHost: Host = {
  name: "node:http",
  trusts: false,
  app: (middlewares, site) => (req, res) => {
    const step = (index: number): void => {
      const middleware = middlewares[index];
      if (middleware === undefined) site(req, res);
      else middleware(req, res, (error) => (error === undefined ? step(index + 1) : fail(res)));
    };
    step(0);
  },
};

function fail(res: ServerResponse): void {
  res.statusCode = 500;
  res.end();
}

/** The hosts on which all behaviour must be the same. */
export const HOSTS: readonly Host[] = [
  expressHost("Express 5", express5),
  expressHost("Express 4", express4),
  {
    name: "Connect 3",
    trusts: false,
    app(middlewares, site) {
      const app = connect();
      for (const middleware of middlewares) app.use(middleware);
      app.use(site);
      return app;
    },
  },
  bareHost,
];

/** The first of {@link HOSTS}, for tests that do not depend on the host. */
export const EXPRESS = HOSTS[0] as Host;

/** A running server. */
export interface Served {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a listener on a free loopback port. */
export async function serve(listener: RequestListener): Promise<Served> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A site that responds with 404 below /missing, with N below /status/N, and with 200 everywhere else. */
export const plainSite: Site = (req, res) => {
  const url = (req as { originalUrl?: string }).originalUrl ?? req.url ?? "/";
  const status = /^\/status\/(\d{3})/.exec(url);
  res.statusCode = status ? Number(status[1]) : url.startsWith("/missing") ? 404 : 200;
  res.setHeader("Content-Type", "text/plain");
  res.end(`site: ${url}`);
};
