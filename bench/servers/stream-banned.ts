import type { AddressInfo } from "node:net";
import express from "express";
import { MemoryStore } from "express-bunker";
import { streamGuard } from "express-bunker/stream";
import { answerParent, tell } from "../harness/self-report.js";
import { ADDRESSES } from "./clients.js";

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
answerParent();
