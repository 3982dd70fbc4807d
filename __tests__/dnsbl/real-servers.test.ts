import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DnsblOptions } from "../../src/dnsbl/index.js";
import type { SharedOptions } from "../../src/index.js";
import type { NameServer } from "../support/name-server.js";
import { startRbldnsd, startResolver } from "./list-server.js";
import { startSite, VISITOR, type Site } from "./site.js";

let rbldnsd: NameServer;
let unbound: NameServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dnsbl-"));
  rbldnsd = await startRbldnsd();
  unbound = await startResolver(rbldnsd.server);
});
afterAll(async () => {
  await unbound.stop();
  await rbldnsd.stop();
  rmSync(folder, { recursive: true, force: true });
});

const list = (options: SharedOptions & DnsblOptions): Promise<Site> => startSite(rbldnsd.server, options);
const resolver = (options: SharedOptions & DnsblOptions): Promise<Site> => startSite(unbound.server, options);

describe("a real list (rbldnsd)", () => {
  test("IPv4 and IPv6 addresses, listed and not, with the zone's reason", async () => {
    const { guard, status, events } = await list({ txt: true, ban: false });
    await guard.sync();
    expect(guard.status().zones).toEqual([expect.objectContaining({ state: "good", ipv6: true })]);
    expect(await guard.check("9.9.9.9")).toEqual({ verdict: "listed", zone: "list.test", code: "127.0.0.2" });
    expect(await guard.check("2a00:1234::5")).toMatchObject({ verdict: "listed", code: "127.0.0.2" });
    expect(await guard.check("2a00:1235::5")).toEqual({ verdict: "clean" });
    expect([await status("45.83.7.1"), await status(VISITOR)]).toEqual([403, 200]);
    while ((await status("45.83.7.1")) === 403 && !JSON.stringify(events.at(-1)).includes("txt"));
    expect(events.at(-1)?.data).toEqual({
      zone: "list.test",
      code: "127.0.0.4",
      txt: "Open proxy 45.83.7.1",
    });
  });

  test("a zone that the server does not have is refused and suspended; the other one goes on", async () => {
    const { guard, status } = await list({ list: "missing.test list.test" });
    await guard.sync();
    expect(guard.health().protections["dnsbl"]?.problems).toEqual([
      "missing.test is suspended: self-test: refused",
    ]);
    expect(await status("9.9.9.9")).toBe(403);
  });

  test("a list that dies mid-run denies nobody and says so", async () => {
    const mortal = await startRbldnsd();
    const { guard, status } = await startSite(mortal.server);
    expect(await status("9.9.9.9")).toBe(403);
    await mortal.stop();
    expect(await status("9.9.9.8")).toBe(200);
    await guard.sync();
    expect(guard.health().ok).toBe(false);
    expect(await guard.check("9.9.9.7")).toEqual({ verdict: "error" });
  });
});

describe("through a real resolver (unbound)", () => {
  test("a list behind it works", async () => {
    const { status } = await resolver({});
    expect([await status("9.9.9.9"), await status(VISITOR)]).toEqual([403, 200]);
  });

  test.each([
    ["dead.test", /servfail|timeout/],
    ["parked.test", /not a list answer|lists/],
    ["everybody.test", /lists 127\.0\.0\.1/],
    ["refused.test", /error code 127\.255\.255\.254/],
  ])("%s denies nobody and is suspended", async (zone, problem) => {
    const { guard, status } = await resolver({ list: zone, timeout: 300 });
    expect([await status("9.9.9.9"), await status(VISITOR)]).toEqual([200, 200]);
    await guard.sync();
    expect(guard.health().protections["dnsbl"]?.problems).toEqual([expect.stringMatching(problem)]);
  });
});

describe("the examples of the settings", () => {
  test("basic: the default zones", async () => {
    const { guard, status } = await list({ list: undefined });
    await guard.sync();
    expect(guard.status().zones.map(({ zone, state }) => [zone, state])).toEqual([
      ["bl.blocklist.de", "good"],
      ["sbl.spamhaus.org", "good"],
      ["xbl.spamhaus.org", "good"],
    ]);
    expect([await status("9.9.9.9"), await status("45.83.7.7"), await status(VISITOR)]).toEqual([
      403, 403, 200,
    ]);
  });

  test("minimal: zen alone, home users left out unless they are asked for", async () => {
    const { status } = await list({ list: "zen.spamhaus.org" });
    expect([await status("9.9.9.9"), await status("45.83.7.7"), await status("45.83.8.8")]).toEqual([
      403, 403, 200,
    ]);
    const all = await list({ list: "zen.spamhaus.org", codes: { "zen.spamhaus.org": "all" } });
    expect(await all.status("45.83.8.8")).toBe(403);
  });

  test("trusted addresses: ignoreIp as a space-separated text", async () => {
    const { status } = await list({
      list: "zen.spamhaus.org",
      ignoreIp: "9.9.9.10 45.83.7.0/24 2a00:1234::/32",
    });
    const asked = ["9.9.9.10", "45.83.7.7", "2a00:1234::1", "9.9.9.11"];
    expect(await Promise.all(asked.map((ip) => status(ip)))).toEqual([200, 200, 200, 403]);
  });

  test("local files and several sources together", async () => {
    writeFileSync(join(folder, "ignore.txt"), "# office\n9.9.9.9\n9.9.9.9\n");
    writeFileSync(join(folder, "allow-cidrs.txt"), "; partner\n45.83.7.0/24 partner net\n");
    const url = (name: string): string => pathToFileURL(join(folder, name)).href;
    const { guard, status } = await list({
      list: "zen.spamhaus.org",
      ignoreIp: "10.0.0.0/8 192.168.0.0/16 2001:db8::/32",
      ignoreIpUrls: `${url("ignore.txt")} ${url("allow-cidrs.txt")}`,
    });
    expect(await Promise.all(["9.9.9.9", "45.83.7.7", "9.9.9.8"].map((ip) => status(ip)))).toEqual([
      200, 200, 403,
    ]);
    expect(guard.status().ignoreLists).toMatchObject([{ entries: 2 }, { entries: 1 }]);
  });
});
