import type { AddressInfo } from "node:net";
import express from "express";
import { MemoryStore } from "express-bunker";
import { streamGuard } from "express-bunker/stream";
import type { ServerMessage } from "../harness/server-process.js";
import { ADDRESSES } from "./clients.js";

const tell = (message: ServerMessage): void => void process.send?.(message);
const app = express();
app.get("/", (_req, res) => void res.send("hello"));

async function main(): Promise<void> {
  const server = app.listen(0, "127.0.0.1", () => tell({ port: (server.address() as AddressInfo).port }));
  const guard = streamGuard(server, { store: new MemoryStore(), logger: false, bunkernet: false });
  const options = { reason: "bench", ttl: 86_400, scope: "global", force: true } as const;
  // All connections of this bench come from 127.0.0.1.
  for (const address of [...ADDRESSES, "127.0.0.1"]) await guard.bans.add(address, options);
}

void main();
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  tell({ cpuMicroseconds: user + system });
});
// The parent is gone, so no other process would stop this one.
process.once("disconnect", () => process.exit());
