import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Bunker } from "../../bunker/bunker.js";
import { basicAuth, dashboard, type Dashboard } from "../../dashboard/index.js";
import { stopSignal } from "../stop-signal.js";
import { demoGuard, demoSite } from "./site.js";
import { walkthrough } from "./walkthrough.js";

/** The path of the dashboard. */
const MOUNT = "/_bunker";

interface DemoOptions {
  /** 0 = a free one. */
  readonly port: number;
  readonly control: string;
  /** The command that runs this command line, for the printed commands. */
  readonly program: string;
  readonly print: (text: string) => void;
  /** Puts the middleware before the site. Default: by hand, on `node:http` alone. */
  readonly mount?: (guard: Bunker, site: RequestListener) => RequestListener;
}

/** Serves the sample site and its dashboard until the process is stopped. */
export async function runDemo({
  port,
  control,
  program,
  print,
  mount = mountAlone,
}: DemoOptions): Promise<void> {
  const stop = stopSignal();
  const guard = demoGuard();
  const password = randomBytes(6).toString("base64url");
  const page = dashboard({ bunker: guard, authorize: basicAuth({ users: { admin: password } }) });
  const server = createServer(withDashboard(page, mount(guard, demoSite)));
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const { path } = await guard.control({ path: control });
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    print(walkthrough({ origin, program, control: path, dashboard: `${origin}${MOUNT}/`, password }));
    await stop.promise;
  } finally {
    stop.done();
    server.close();
    server.closeAllConnections();
    await guard.close();
  }
}

// In front of the guard, so that no ban keeps anybody from it. Express would do this with `app.use(MOUNT, page)`.
function withDashboard(page: Dashboard, site: RequestListener): RequestListener {
  return (req, res) => {
    const { url = "/" } = req;
    if (url !== MOUNT && !/^\/_bunker[/?]/.test(url)) {
      site(req, res);
      return;
    }
    const inside = url.slice(MOUNT.length);
    Object.assign(req, { originalUrl: url, url: inside.startsWith("/") ? inside : `/${inside}` });
    page(req, res, () => res.writeHead(404).end());
  };
}

function mountAlone(guard: Bunker, site: RequestListener): RequestListener {
  return (req, res) => {
    guard(req, res, (error) => {
      if (error === undefined) site(req, res);
      else res.writeHead(500).end();
    });
  };
}
