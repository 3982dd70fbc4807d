import { spawnSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { bunker, MemoryStore, type Bunker } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS } from "../support/hosts.js";

let server: Server;
let guard: Bunker;
let seen: (string | undefined)[];

beforeEach(async () => {
  seen = [];
  guard = bunker({ store: new MemoryStore(), logger: false, bunkernet: false, trustProxy: "loopback" });
  const app = EXPRESS.app([guard], (req, res) => {
    seen.push(req.url);
    res.end("done");
  });
  server = createServer(app);
  server.on("upgrade", (req, socket: Socket) => {
    seen.push(req.url);
    socket.destroy();
  });
  guard.guard(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await guard.close();
  await new Promise((resolve) => server.close(resolve));
});

const REQUESTS = [
  ["a request", "POST /transfer HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"],
  ["an upgrade", "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
] as const;

// While it runs, this process reads nothing: the reset is there before the request is looked at.
function sendAndReset(port: number, text: string): void {
  const script = `
    const socket = require("node:net").connect(${port}, "127.0.0.1", () =>
      socket.write(${JSON.stringify(text)}, () => socket.resetAndDestroy()));
    socket.on("error", () => undefined);`;
  const { status } = spawnSync(process.execPath, ["-e", script], { timeout: 60_000 });
  if (status !== 0) throw new Error(`the client ended with ${status}`);
}

test.each(REQUESTS)(
  "R1 %s by a connection that was reset is not carried out in nobody's name",
  async (_what, text) => {
    const { port } = server.address() as AddressInfo;
    sendAndReset(port, text);
    expect((await ask(`http://127.0.0.1:${port}`, "/still-there", { from: "8.8.8.8" })).status).toBe(200);
    expect(seen).toEqual(["/still-there"]);
  },
);

test("R1 a connection that is reset right behind its request, long after it was accepted, is no way around a ban", async () => {
  const { port } = server.address() as AddressInfo;
  const accepted = new Promise((resolve) => server.once("connection", resolve));
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  await accepted;
  socket.write(REQUESTS[0][1], () => socket.resetAndDestroy());
  await new Promise((resolve) => socket.once("close", resolve));
  expect((await ask(`http://127.0.0.1:${port}`, "/still-there", { from: "8.8.8.8" })).status).toBe(200);
  expect(seen).toEqual(["/still-there"]);
});
