import express from "express";
import { join, relative } from "node:path";
import { bunker, MemoryStore, type Bunker, type BunkerOptions } from "../../src/index.js";
import { plainSite, serve } from "../support/hosts.js";

const nobody = (): Promise<never> => Promise.reject(new Error("nobody is asked"));
const NO_DNS = { resolve4: nobody, resolve6: nobody, resolveTxt: nobody, reverse: nobody };

/** The socket's name in the folder that the program is run in: where it looks by itself. */
const SOCKET = ".express-bunker.sock";

/** An Express app with a control socket. */
export interface RunningApp {
  readonly app: Bunker;
  readonly url: string;
  /** From the folder. */
  readonly socket: string;
  close(): Promise<void>;
}

/** Starts an app on a store in memory, whose control socket lies in `folder`. */
export async function startApp(folder: string, options: BunkerOptions = {}): Promise<RunningApp> {
  const app = bunker({
    store: new MemoryStore(),
    bunkernet: false,
    logger: false,
    resolver: NO_DNS,
    ...options,
  });
  const site = express();
  site.set("trust proxy", "loopback");
  site.use(app);
  site.use(plainSite);
  const served = await serve(site);
  // Relative: however deep the repository lies, a socket's path is short.
  await app.control({ path: join(relative(process.cwd(), folder), SOCKET) });
  return {
    app,
    url: served.url,
    socket: SOCKET,
    async close() {
      await served.close();
      await app.close();
    },
  };
}
