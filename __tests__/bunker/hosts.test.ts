import { connect as connectHttp2, createServer as createHttp2, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { MemoryStore, bunker, type Bunker, type BunkerOptions } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, serve, type Served } from "../support/hosts.js";

const FROM = "9.9.9.9";
const SERVICES = {
  services: {
    "open.example.com": { aliases: ["www.open.example.com", "bücher.example.com"] },
    "banned.example.com": {},
  },
} satisfies BunkerOptions;

let guard: Bunker;
let served: Served | undefined;
let server: Http2Server | undefined;

function bunkered(options: BunkerOptions): Bunker {
  guard = bunker({
    bunkernet: false,
    logger: false,
    trustProxy: "loopback",
    store: new MemoryStore(),
    ...options,
  });
  return guard;
}

afterEach(async () => {
  await served?.close();
  if (server !== undefined) await new Promise((resolve) => (server as Http2Server).close(resolve));
  served = server = undefined;
  await guard.close();
});

describe("R6 a request that names two hosts", () => {
  // The app goes by what the request line says.
  const start = async (
    options: BunkerOptions,
  ): Promise<(host: string, target: string) => Promise<string>> => {
    const app = EXPRESS.app([bunkered(options)], (req, res) => {
      res.end(new URL(req.url ?? "/", `http://${req.headers.host}`).host);
    });
    served = await serve(app);
    const { url } = served;
    await guard.bans.add(FROM, { scope: "service", service: "banned.example.com" });
    return async (host, target) => {
      const { status, text } = await ask(url, target, { from: FROM, headers: { Host: host } });
      return status === 200 ? text : String(status);
    };
  };

  test("R6 one in the request line and one in Host, asks for neither", async () => {
    const at = await start(SERVICES);
    expect(await at("open.example.com", "http://banned.example.com/")).toBe("403");
    expect(await at("banned.example.com", "http://open.example.com/")).toBe("403");
    expect(await at("open.example.com", "http://evil.example/")).toBe("403");
    expect(await at("open.example.com", "HTTP://me@banned.example.com?x")).toBe("403");
    expect(await at("banned.example.com", "/")).toBe("403");
  });

  test("R6 the same service twice is no contradiction, however it is spelt", async () => {
    const at = await start(SERVICES);
    expect(await at("open.example.com", "http://open.example.com/")).toBe("open.example.com");
    expect(await at("WWW.open.example.com", "http://open.example.com:80/")).toBe("open.example.com");
    expect(await at("open.example.com", "http://OPEN.example.com./")).toBe("open.example.com.");
    expect(await at("open.example.com", "http://xn--bcher-kva.example.com/")).toBe(
      "xn--bcher-kva.example.com",
    );
    expect(await at("open.example.com", "/?next=http://banned.example.com/")).toBe("open.example.com");
  });

  test("R6 it is taken for the service of unknown hosts where there is one", async () => {
    const at = await start({ ...SERVICES, unknownHost: "banned.example.com" });
    expect(await at("open.example.com", "http://evil.example/")).toBe("403");
    expect(await at("open.example.com", "/")).toBe("open.example.com");
  });

  test("R6 the log says once why, of clients near and far", async () => {
    const warnings: string[] = [];
    const keep = (line: string): number => warnings.push(line);
    const at = await start({ ...SERVICES, logger: { info: keep, warn: keep, error: keep } });
    expect([await at("evil.example", "/"), await at("more.example", "/")]).toEqual(["403", "403"]);
    const near = { headers: { Host: 'localhost"\t' } };
    expect((await ask((served as Served).url, "/", { ...near, from: "10.1.2.3" })).status).toBe(403);
    expect(warnings.filter((line) => line.includes("WRN_BUNKER_UNKNOWN_HOST"))).toEqual([
      expect.stringContaining(`a request of ${FROM} has a Host that is not configured: "evil.example"`),
      expect.stringContaining('a request of 10.1.2.3 has a Host that is not configured: "localhost'),
    ]);
  });

  test("R6 HTTP/2: :authority and host", async () => {
    const all = bunkered(SERVICES);
    server = createHttp2((req, res) =>
      all(req as never, res as never, () => {
        res.end(req.authority);
      }),
    );
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    await guard.bans.add(FROM, { scope: "service", service: "banned.example.com" });
    const { port } = server.address() as AddressInfo;
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const at = (authority: string, host?: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const headers = {
          ":authority": authority,
          "x-forwarded-for": FROM,
          ...(host === undefined ? {} : { host }),
        };
        const stream = session.request(headers);
        let [status, text] = [0, ""];
        stream.on("response", (got) => (status = Number(got[":status"])));
        stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        stream.on("error", reject).on("end", () => resolve(status === 200 ? text : String(status)));
        stream.end();
      });
    try {
      expect(await at("open.example.com")).toBe("open.example.com");
      expect(await at("open.example.com", "www.open.example.com")).toBe("open.example.com");
      expect(await at("banned.example.com")).toBe("403");
      expect(await at("banned.example.com", "open.example.com")).toBe("403");
      expect(await at("open.example.com", "banned.example.com")).toBe("403");
    } finally {
      session.destroy();
    }
  });
});
