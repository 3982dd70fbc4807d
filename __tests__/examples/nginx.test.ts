import { once } from "node:events";
import {
  createServer,
  get,
  request,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { startNginx, type Nginx } from "./nginx.js";

/** The headers of the requests that have reached the upstream. */
let reached: IncomingMessage["headers"][] = [];
let upstream: Server;
let nginx: Nginx;

/** The response with the event stream, which does not end. */
let stream: ServerResponse;

// In place of the app.
beforeAll(async () => {
  upstream = createServer((req, res) => {
    reached.push(req.headers);
    if (!(req.url ?? "").endsWith("/stream")) res.end("page");
    else {
      res.writeHead(200, { "Content-Type": "text/event-stream" });
      res.write("data: 1\n\n");
      stream = res;
    }
  });
  upstream.on("upgrade", (req: IncomingMessage, socket: Socket) => {
    reached.push(req.headers);
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    socket.pipe(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  nginx = await startNginx(() => port);
});

beforeEach(() => (reached = []));

afterAll(async () => {
  await nginx.stop();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

const FORGED = { "X-Forwarded-For": "8.8.8.8", Forwarded: "for=8.8.8.8" };

test("nginx -t finds nothing wrong with the shipped configuration", () => {
  expect(nginx.checked).toContain("test is successful");
  expect(nginx.checked).not.toContain("[warn]");
});

test("the app gets the client's address, the host with its port and the protocol, and nothing that the client forwards", async () => {
  await nginx.visit("127.0.0.7", "/", FORGED);
  const [headers] = reached;
  expect(headers).toMatchObject({
    host: new URL(nginx.site).host,
    "x-forwarded-for": "127.0.0.7",
    "x-forwarded-proto": "http",
  });
  expect(headers).not.toHaveProperty("forwarded");
  expect(headers).not.toHaveProperty("upgrade");
});

test("upgrades reach the app with the client's address, and bytes pass in both directions", async () => {
  const req = request(`${nginx.site}/socket`, {
    headers: { ...FORGED, Connection: "Upgrade", Upgrade: "websocket" },
    localAddress: "127.0.0.7",
  });
  req.end();
  const [, socket] = (await once(req, "upgrade")) as [IncomingMessage, Socket];
  socket.write("ping");
  const [echo] = (await once(socket, "data")) as [Buffer];
  expect(echo.toString()).toBe("ping");
  socket.destroy();
  expect(reached).toEqual([
    expect.objectContaining({ connection: "upgrade", upgrade: "websocket", "x-forwarded-for": "127.0.0.7" }),
  ]);
  expect(JSON.stringify(reached)).not.toContain("8.8.8.8");
});

test("no event of the dashboard's stream waits for the next one", async () => {
  const req = get(`${nginx.operators}/_bunker/api/stream`, { headers: FORGED });
  const [res] = (await once(req, "response")) as [IncomingMessage];
  for (const event of ["data: 1\n\n", "data: 2\n\n"]) {
    if (event.includes("2")) stream.write(event);
    const [chunk] = (await once(res, "data")) as [Buffer];
    expect(chunk.toString()).toBe(event);
  }
  req.destroy();
  expect(reached).toEqual([
    expect.objectContaining({ host: new URL(nginx.operators).host, "x-forwarded-for": "127.0.0.1" }),
  ]);
});
