import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DnsblOptions } from "../../src/dnsbl/index.js";
import { BanList, type SharedOptions } from "../../src/index.js";
import { listEntries } from "../../src/lists/list-source.js";
import { startHostile, type HostileServer } from "./hostile-server.js";
import { list, LISTED, startSite, types, type Site } from "./site.js";

let dns: HostileServer;
let http: Server;
let base: string;
let folder: string;
let requests: IncomingMessage[];
let answer: (req: IncomingMessage, res: ServerResponse) => void;

const text =
  (body: string, headers: Record<string, string> = {}) =>
  (_req: IncomingMessage, res: ServerResponse): void => {
    res.writeHead(200, headers);
    res.end(body);
  };

const site = (options: SharedOptions & DnsblOptions = {}): Promise<Site> => startSite(dns.server, options);

beforeAll(async () => {
  dns = await startHostile();
  http = createServer((req, res) => {
    requests.push(req);
    answer(req, res);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
beforeEach(() => {
  dns.answer = list;
  requests = [];
  answer = text("9.9.9.9\n");
  folder = mkdtempSync(join(tmpdir(), "ignore-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(async () => {
  await dns.close();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

test("a list's lines: first words, without comments, blank lines and carriage returns", () => {
  const lines = "\ufeff# head\r\n9.9.9.9 a name\r\n; note\n\n  10.0.0.0/8\t# net\n2a00::1#x\n9.9.9.9";
  expect([...listEntries(lines)]).toEqual(["9.9.9.9", "10.0.0.0/8", "2a00::1", "9.9.9.9"]);
});

test("addresses on downloaded lists are ignored; duplicates are one, wrong lines are counted and told of", async () => {
  answer = text("# ours\n9.9.9.0/25 office\n9.9.9.0/25\nnonsense\n300.1.1.1\n");
  const { guard, status, events } = await site({ ignoreIpUrls: [`${base}/allow.txt`] });
  await guard.sync();
  expect([await status(LISTED), await status("9.9.9.200")]).toEqual([200, 403]);
  expect(guard.status().ignoreLists).toMatchObject([
    { url: `${base}/allow.txt`, entries: 2, invalid: 2, problem: undefined },
  ]);
  expect(events[0]).toMatchObject({
    reason: "ignore list",
    data: `${base}/allow.txt: 2 lines are not an address or range`,
  });
});

test("an unchanged list is not sent again, and is asked for once an hour at most", async () => {
  answer = (req, res) => {
    if (req.headers["if-none-match"] === '"one"') res.writeHead(304).end();
    else text("9.9.9.9\n", { ETag: '"one"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT" })(req, res);
  };
  const { guard, status } = await site({ ignoreIpUrls: `${base}/a`, cacheDir: folder });
  await guard.sync();
  await guard.sync();
  expect(requests.map((req) => req.headers["if-none-match"])).toEqual([undefined, '"one"']);
  expect(requests[1]?.headers["if-modified-since"]).toBe("Mon, 01 Jan 2024 00:00:00 GMT");
  expect(await status(LISTED)).toBe(200);
});

test.each([
  ["answers 500", (_req: IncomingMessage, res: ServerResponse) => res.writeHead(500).end()],
  ["hangs up", (req: IncomingMessage) => req.socket.destroy()],
  ["answers a page", text("<html>Sorry</html>")],
  ["answers nothing", text("")],
])("a source that %s leaves its last good copy in force, and is told of once", async (_what, bad) => {
  const { guard, status, events } = await site({ ignoreIpUrls: `${base}/a?key=secret` });
  await guard.sync();
  answer = bad;
  await guard.sync();
  await guard.sync();
  expect(await status(LISTED)).toBe(200);
  expect(events.map(({ reason }) => reason)).toEqual(["ignore list"]);
  expect(guard.health().ok).toBe(false);
  expect(JSON.stringify([events, guard.health()])).not.toContain("secret");
  answer = text("9.9.9.9\n");
  await guard.sync();
  expect(guard.health().ok).toBe(true);
});

test("what was read survives a restart, even with its source gone; within an hour it is not asked for", async () => {
  const options = { ignoreIpUrls: `${base}/a`, cacheDir: folder, service: "www.test" };
  const first = await site(options);
  await first.guard.sync();
  expect(readFileSync(join(folder, "dnsbl/www.test/IGNORE_IP.list"), "utf8")).toBe("9.9.9.9\n");
  requests = [];
  const second = await site(options);
  expect(await second.status(LISTED)).toBe(200);
  expect(requests).toHaveLength(0);
  answer = (req) => void req.socket.destroy();
  second.clock.advance(4000);
  await second.guard.sync();
  expect(await second.status("9.9.9.9")).toBe(200);
});

test("a copy that was cut short is not used", async () => {
  const options = { ignoreIpUrls: `${base}/a`, cacheDir: folder };
  const first = await site(options);
  await first.guard.sync();
  const copy = readdirSync(join(folder, "dnsbl")).find((name) => name.endsWith(".list")) as string;
  writeFileSync(join(folder, "dnsbl", copy), "9.9.");
  requests = [];
  const second = await site(options);
  await second.guard.sync();
  expect(requests).toHaveLength(1);
  expect(await second.status(LISTED)).toBe(200);
});

test("start-up waits for no source; until every list is here, who is listed is refused but not banned", async () => {
  let release: () => void = () => undefined;
  answer = (_req, res) => (release = () => res.end("9.9.9.9\n"));
  const { guard, status, events, store } = await site({ ignoreIpUrls: `${base}/slow` });
  await guard.ready();
  expect(await status(LISTED)).toBe(403);
  expect(await new BanList(store).get(LISTED)).toBeUndefined();
  expect(types(events)).toEqual(["denied"]);
  const synced = guard.sync();
  release();
  await synced;
  expect(await status(LISTED)).toBe(200);
});

test("a user and password in the URL are sent, and shown nowhere", async () => {
  const { guard } = await site({ ignoreIpUrls: base.replace("//", "//user:p%40ss@") });
  await guard.sync();
  expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from("user:p@ss").toString("base64")}`);
  expect(JSON.stringify(guard.status())).not.toMatch(/user|p%40ss/);
});

test("a list of more than 32 MB is refused", async () => {
  answer = (_req, res) => {
    const chunk = Buffer.alloc(1024 * 1024, "# padding\n");
    let sent = 0;
    const more = (): void => {
      while (sent++ < 40) if (!res.write(chunk)) return void res.once("drain", more);
      res.end();
    };
    more();
  };
  const { guard } = await site({ ignoreIpUrls: `${base}/huge` });
  await guard.sync();
  expect(guard.status().ignoreLists[0]?.problem).toMatch(/larger than 33554432 bytes/);
});

test("a missing file is told of; a file is read anew when it has changed", async () => {
  const file = join(folder, "allow.txt");
  const { guard, status, events } = await site({ ignoreIpUrls: pathToFileURL(file).href });
  await guard.sync();
  expect(events[0]?.data).toMatch(/allow\.txt: .*ENOENT/);
  writeFileSync(file, "9.9.9.9\n");
  await guard.sync();
  expect(await status(LISTED)).toBe(200);
  writeFileSync(file, "9.9.9.0/24\n");
  await guard.sync();
  expect(await status("9.9.9.10")).toBe(200);
});
