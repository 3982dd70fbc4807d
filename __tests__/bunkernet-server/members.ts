import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import {
  bunkernetServer,
  type BunkernetServerMiddleware,
  type BunkernetServerOptions,
} from "../../src/bunkernet-server/index.js";
import { MemoryStore } from "../../src/index.js";
import { ask, type Got } from "../support/ask.js";
import { Clock } from "../support/clock.js";
import { serve, type Served } from "../support/hosts.js";

export const DAY = 86_400;

/** What BunkerWeb's jobs send with every call. */
export const SYSTEM = {
  integration: "Linux",
  version: "1.6.13",
  os: {
    name: "Debian GNU/Linux",
    version: "12 (bookworm)",
    version_id: "12",
    version_codename: "bookworm",
    id: "debian",
    arch: "x86_64",
  },
};

/** A report as BunkerWeb's log phase makes it. */
export const reportOf = (ip: string, reason = "bad behavior"): Record<string, unknown> => ({
  ip,
  reason,
  data: {},
  method: "GET",
  url: "/wp-login.php?a=b",
  headers: { host: "www.example.com", "user-agent": "curl/8" },
  server_name: "www.example.com",
  date: "2026-01-01T00:00:00Z",
});

/** A running BunkerNet server with its clock. */
export interface Net {
  readonly server: BunkernetServerMiddleware;
  readonly served: Served;
  readonly clock: Clock;
  close(): Promise<void>;
}

/** Starts a server that trusts loopback to say who calls. */
export async function startNet(options: BunkernetServerOptions = {}, clock = new Clock()): Promise<Net> {
  const server = bunkernetServer({
    store: new MemoryStore(),
    trustProxy: "loopback",
    logger: false,
    now: clock.now,
    ...options,
  });
  const served = await serve(server);
  await server.ready();
  return {
    server,
    served,
    clock,
    close: async () => {
      await served.close();
      await server.close();
    },
  };
}

/** Makes a call as BunkerWeb's jobs do: a JSON body with its length, on GET too. */
export function call(
  net: Pick<Net, "served">,
  method: string,
  path: string,
  from: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Got> {
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  return ask(net.served.url, path, {
    method,
    from,
    ...(text === undefined ? {} : { body: text }),
    headers: {
      "User-Agent": "BunkerWeb/1.6.13",
      ...(text === undefined
        ? {}
        : { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(text)) }),
      ...headers,
    },
  });
}

/** Registers an instance; answers its id. */
export async function register(
  net: Net,
  from: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const got = await call(net, "POST", "/register", from, SYSTEM, headers);
  if (got.status !== 200) throw new Error(`${got.status} ${got.text}`);
  return got.json["data"] as string;
}

/** Has an instance report addresses. */
export function report(
  net: Pick<Net, "served">,
  from: string,
  id: string,
  reports: unknown,
  headers: Record<string, string> = {},
): Promise<Got> {
  return call(net, "POST", "/report", from, { ...SYSTEM, id, reports }, headers);
}

/** The list as an instance gets it. */
export async function listOf(net: Pick<Net, "served">, from: string, id: string): Promise<string[]> {
  const got = await call(net, "GET", "/db", from, { ...SYSTEM, id });
  if (got.status !== 200) throw new Error(`${got.status} ${got.text}`);
  return got.json["data"] as string[];
}

/** Registers an instance in each of `count` networks. */
export async function members(net: Net, count: number): Promise<{ id: string; from: string }[]> {
  const made: { id: string; from: string }[] = [];
  for (let index = 0; index < count; index++) {
    const from = `100.${index >> 8}.${index & 255}.9`.replace(/^100/, "50");
    made.push({ id: await register(net, from), from });
  }
  return made;
}

/** Asks for the list with compression and answers it unpacked. */
export function listGzipped(net: Net, from: string, id: string): Promise<{ encoding: string; text: string }> {
  const body = JSON.stringify({ id });
  return new Promise((resolve, reject) => {
    const req = request(
      `${net.served.url}/db`,
      {
        method: "GET",
        agent: false,
        headers: {
          "X-Forwarded-For": from,
          "Accept-Encoding": "gzip, deflate",
          "Content-Type": "application/json",
          "Content-Length": String(body.length),
        },
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("end", () =>
          resolve({
            encoding: res.headers["content-encoding"] ?? "",
            text: gunzipSync(Buffer.concat(chunks)).toString("utf8"),
          }),
        );
      },
    );
    req.on("error", reject);
    req.end(body);
  });
}
