import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Bunker } from "../../bunker/bunker.js";
import { stopSignal } from "../stop-signal.js";
import { demoGuard, demoSite } from "./site.js";
import { walkthrough } from "./walkthrough.js";

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

/** Serves the sample site until the process is stopped. */
export async function runDemo({
  port,
  control,
  program,
  print,
  mount = mountAlone,
}: DemoOptions): Promise<void> {
  const stop = stopSignal();
  const guard = demoGuard();
  const server = createServer(mount(guard, demoSite));
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const { path } = await guard.control({ path: control });
    print(walkthrough(`http://localhost:${(server.address() as AddressInfo).port}`, program, path));
    await stop.promise;
  } finally {
    stop.done();
    server.close();
    server.closeAllConnections();
    await guard.close();
  }
}

function mountAlone(guard: Bunker, site: RequestListener): RequestListener {
  return (req, res) => {
    guard(req, res, (error) => {
      if (error === undefined) site(req, res);
      else res.writeHead(500).end();
    });
  };
}
