import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bunkernet } from "../../src/bunkernet/index.js";
import { startContract } from "./contract-server.js";
import { startSite } from "./site.js";

const servers: Server[] = [];
const sockets = new Set<Socket>();

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

// Answers every call with these bytes, whatever was asked.
const apiOf = async (bytes: string): Promise<string> => {
  const server = createServer((socket) => socket.once("data", () => socket.write(bytes)));
  return `http://127.0.0.1:${await listen(server)}`;
};
const said = (data: unknown): string => {
  const body = JSON.stringify({ result: "ok", data });
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
};

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

test.each([
  ["switches protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"],
  ["speaks something else", "220 mail.example.com ESMTP\r\n"],
])("R29 an API that %s fails its call, and holds up neither the app nor its end", async (_name, bytes) => {
  const site = await startSite(await apiOf(bytes));
  expect(await site.status("8.8.8.8")).toBe(200);
  await site.guard.sync();
  await expect(site.guard.ping()).rejects.toThrow(/./);
  expect(site.guard.health().ok).toBe(false);
  await site.close();
});

test.each([
  ["an object", { toString: 1, valueOf: 1 }, '{"toString":1,"valueOf":1}'],
  ["nothing", null, "null"],
  [
    "a terminal's commands",
    "pong\u001b[2J\u001b]0;owned\u0007\r\nall is well",
    "pong [2J ]0;owned all is well",
  ],
])("what the API answers to a ping is only ever plain text: %s", async (_name, data, shown) => {
  const server = createServer((socket) =>
    socket.on("data", (asked) =>
      socket.end(said(asked.toString().startsWith("POST /register") ? "an-id" : data)),
    ),
  );
  const site = await startSite(`http://127.0.0.1:${await listen(server)}`);
  expect(await site.guard.ping()).toBe(shown);
});

test("a certificate's name reaches the log as plain text", async () => {
  const folder = mkdtempSync(join(tmpdir(), "express-bunker-name-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const make =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -addext basicConstraints=CA:TRUE";
    const subject = "/CN=elsewhere\u001b[2J\nexpress-bunker: has unbanned everybody";
    execFileSync("openssl", [...make.split(" "), "-subj", subject, "-keyout", key, "-out", cert], {
      stdio: "ignore",
    });
    const ca = readFileSync(cert, "utf8");
    const port = await listen(createHttps({ key: readFileSync(key), cert: ca }));
    const site = await startSite(`https://localhost:${port}`, { ca });
    await site.guard.sync();
    const faults = site.events.filter(({ type }) => type === "fault").map(({ data }) => String(data));
    expect(faults.join("")).toContain("elsewhere");
    for (const fault of faults) expect(fault).toMatch(/^[ -~]+$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("what is secret in the API's address is never shown", () => {
  const TOKEN = "a-token-of-somebody";

  test("in errors", () => {
    for (const server of [
      "https://user:hunter2@bunkernet.test",
      "https://hunter2@bunkernet.test/x",
      `http://bunkernet.test/t/${TOKEN}`,
      `ftp://bunkernet.test/t/${TOKEN}`,
    ]) {
      let message = "";
      try {
        bunkernet({ server });
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toMatch(/server: got ".*bunkernet\.test/);
      expect(message).not.toMatch(/hunter2|somebody/);
    }
  });

  test("in status, events and log", async () => {
    const site = await startSite(`${await apiOf(said([]))}/t/${TOKEN}`);
    await site.guard.sync();
    expect(site.guard.status().server).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/t\/\(hidden\)$/);
    expect(JSON.stringify([site.events, site.lines, site.guard.health()])).not.toContain("somebody");
  });
});

test("a report names no host and nobody's password, in whatever form the path was asked for", async () => {
  const api = await startContract();
  const site = await startSite(api.url);
  const targets = {
    "http://user:hunter2@www.example.com/a%62c?token=hunter2#hunter2": "/abc",
    "http://www.example.com/abc?token=hunter2": "/abc",
    "http://user:hunter2@www.example.com": "",
    "/abc?next=http://hunter2/": "/abc",
  };
  for (const [index, target] of Object.keys(targets).entries()) await site.refuse(`8.8.${index}.8`, target);
  await site.guard.flush();
  expect(api.reports.map(({ url }) => url)).toEqual(Object.values(targets));
  expect(JSON.stringify(api.reports)).not.toMatch(/hunter2|example/);
  await site.close();
  await api.close();
});
