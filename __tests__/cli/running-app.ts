import express from "express";
import { join } from "node:path";
import type { AddressReport } from "../../src/control/index.js";
import { AddressInspector, controlServer } from "../../src/control/index.js";
import { bunker, MemoryStore, type Bunker, type BunkerOptions } from "../../src/index.js";
import { plainSite, serve } from "../support/hosts.js";

const nobody = (): Promise<never> => Promise.reject(new Error("nobody is asked"));

/** An Express app with a control socket. */
export interface RunningApp {
  readonly app: Bunker;
  readonly url: string;
  readonly socket: string;
  close(): Promise<void>;
}

/** Starts an app on a store in memory, whose control socket lies in `folder`. */
export async function startApp(folder: string, options: BunkerOptions = {}): Promise<RunningApp> {
  const app = bunker({ store: new MemoryStore(), bunkernet: false, logger: false, ...options });
  const site = express();
  site.set("trust proxy", "loopback");
  site.use(app);
  site.use(plainSite);
  const served = await serve(site);
  const inspector = new AddressInspector({
    resolver: { resolve4: nobody, resolve6: nobody, resolveTxt: nobody, reverse: () => Promise.resolve([]) },
  });
  const control = await controlServer(
    {
      bans: app.bans,
      explain: (subject) => app.explain(subject),
      inspect: (ip): Promise<AddressReport> => inspector.inspect(ip),
      health: () => app.health(),
      bunkernet: app.bunkernet,
    },
    { path: join(folder, ".express-bunker.sock") },
  );
  return {
    app,
    url: served.url,
    socket: control.path,
    async close() {
      await control.close();
      await served.close();
      await app.close();
    },
  };
}
