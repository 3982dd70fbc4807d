import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bunker, MemoryStore } from "../../src/index.js";
import { describeSettings, loadSettings } from "../../src/settings/index.js";
import { BLOCKS, ROWS } from "./fixtures.js";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bunker-settings-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("every documented block of settings", () => {
  test.each(BLOCKS)("$name: loads from YAML and gives the documented options", ({ name, yaml, options }) => {
    const path = join(folder, `${name.replaceAll(/\W+/g, "-")}.yml`);
    writeFileSync(path, yaml);
    const loaded = loadSettings(path, { logger: false });
    expect(loaded).toEqual(options);
  });

  test.each(BLOCKS)("$name: bunker() takes it", async ({ options }) => {
    const store = new MemoryStore();
    // Nobody comes, so that no zone and no BunkerNet server is ever asked.
    const guard = bunker({ ...options, store, logger: false });
    expect(guard.health().ok).toBe(true);
    await guard.close();
    store.close();
  });
});

describe("every documented row", () => {
  const known = new Map(describeSettings().map((setting) => [setting.name, setting]));

  test.each(ROWS)("%s is %s, with its default and context", (name, option, text, context) => {
    expect(known.get(name)).toMatchObject({ option, default: text, context });
  });

  test("the defaults, written out in full, load, and are the defaults", () => {
    const all = Object.fromEntries(describeSettings().map((setting) => [setting.name, setting.default]));
    const loaded = loadSettings(all, { logger: false });
    expect(loaded).toMatchObject({
      antibot: false,
      dnsbl: false,
      badBehavior: { threshold: 10, countTime: 60, banTime: 86_400, banScope: "service" },
      sessions: { secret: "random", name: "random" },
      mode: "block",
      deny: { status: 403 },
    });
  });

  test("the documented examples of exclusions", () => {
    expect(
      loadSettings({
        USE_ANTIBOT: "cookie",
        ANTIBOT_IGNORE_URI: "^/api/ ^/webhook/ ^/assets/",
        ANTIBOT_IGNORE_IP: "192.168.1.0/24 10.0.0.1",
        ANTIBOT_IGNORE_RDNS: ".googlebot.com .bingbot.com",
        ANTIBOT_IGNORE_ASN: "15169 8075",
        ANTIBOT_IGNORE_USER_AGENT: "^Mozilla.+Chrome.+Safari",
        DNSBL_IGNORE_IP: "192.0.2.10 203.0.113.0/24 2001:db8::/32",
        USE_DNSBL: "yes",
      }),
    ).toEqual({
      antibot: {
        challenge: "cookie",
        ignoreUri: ["^/api/", "^/webhook/", "^/assets/"],
        ignoreIp: ["192.168.1.0/24", "10.0.0.1"],
        ignoreRdns: [".googlebot.com", ".bingbot.com"],
        ignoreAsn: ["15169", "8075"],
        ignoreUserAgent: ["^Mozilla.+Chrome.+Safari"],
      },
      dnsbl: { ignoreIp: ["192.0.2.10", "203.0.113.0/24", "2001:db8::/32"] },
    });
  });
});
