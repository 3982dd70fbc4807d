import type { AddressInfo } from "node:net";
import express, { type Express } from "express";
import type { ServerMessage } from "../harness/server-process.js";

/**
 * Serves "hello" behind whatever `configure` mounts, and answers the parent's questions. All servers are alike but for
 * that, `trust proxy` included.
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
  // Its parent is gone: nobody is left to stop it.
  process.once("disconnect", () => process.exit());
}
