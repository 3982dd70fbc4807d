import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import { answerParent, tell } from "../harness/self-report.js";

/**
 * Serves "hello" behind the middleware that `configure` mounts, and answers the questions of the parent process. The servers
 * differ only in that middleware; all of them set `trust proxy`.
 */
export function listen(configure: (app: Express) => void | Promise<void>): void {
  const app = express();
  app.set("trust proxy", "loopback");
  void Promise.resolve(configure(app)).then(() => {
    app.get("/", (_req, res) => void res.send("hello"));
    const server = app.listen(0, "127.0.0.1", () => tell({ port: (server.address() as AddressInfo).port }));
    // A connection stays open while the other servers have their turns.
    server.keepAliveTimeout = 120_000;
  });
  answerParent();
}
