import { bunker } from "express-bunker";
import { listen } from "./listen.js";

const none = (): Promise<never> => Promise.reject(Object.assign(new Error("none"), { code: "ENOTFOUND" }));

// Lists that know nobody: after its first request a client's verdict is in the cache.
listen(
  (app) =>
    void app.use(
      bunker({
        bunkernet: false,
        logger: false,
        badBehavior: false,
        dnsbl: { list: "list.test" },
        resolver: {
          resolve4: (name) => (name.startsWith("2.0.0.127.") ? Promise.resolve(["127.0.0.2"]) : none()),
          resolve6: none,
          resolveTxt: none,
          reverse: none,
        },
      }),
    ),
);
