import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import type { ServerMessage } from "../harness/server-process.js";

/**
 * Serves "hello" behind the middleware that `configure` mounts, and sends its CPU time when the parent asks. The servers
 * differ only in that middleware; all of them set `trust proxy`.
 */
export function listen(configure: (app: Express) => void | Promise<void>): void {
  const tell = (message: ServerMessage): void => void process.send?.(message);
  const app = express();
  app.set("trust proxy", "loopback");
  void Promise.resolve(configure(app)).then(() => {
    app.get("/", (_req, res) => void res.send("hello"));
    const server = app.listen(0, "127.0.0.1", () => tell({ port: (server.address() as AddressInfo).port }));
  });
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    tell({ cpuMicroseconds: user + system });
  });
  // The parent is gone, so no other process would stop this one.
  process.once("disconnect", () => process.exit());
}
