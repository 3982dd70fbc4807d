import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore } from "../../src/index.js";
import {
  BunkerSettingsError,
  explainSettings,
  loadSettings,
  type EffectiveSetting,
  type RedisAccess,
  type SettingProblem,
} from "../../src/settings/index.js";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bunker-settings-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function problemsOf(source: Parameters<typeof loadSettings>[0]): readonly SettingProblem[] {
  try {
    loadSettings(source, { logger: false });
  } catch (error) {
    expect(error).toBeInstanceOf(BunkerSettingsError);
    return (error as BunkerSettingsError).problems;
  }
  return [];
}

function warningsOf(source: Parameters<typeof loadSettings>[0]): string[] {
  const warnings: string[] = [];
  loadSettings(source, { logger: { warn: (line) => warnings.push(line) } });
  return warnings;
}

const EXPECTED = {
  antibot: { challenge: "captcha", ignoreUri: ["^/a#b"], timeResolve: 30 },
  badBehavior: { banTime: 0 },
};

describe("sources", () => {
  test.each([
    [
      "app.yml",
      'USE_ANTIBOT: captcha\nANTIBOT_IGNORE_URI: "^/a#b"\nANTIBOT_TIME_RESOLVE: 30\nBAD_BEHAVIOR_BAN_TIME: 0\n',
    ],
    [
      "list.yaml",
      '- USE_ANTIBOT=captcha\n- "ANTIBOT_IGNORE_URI=^/a#b"\n- ANTIBOT_TIME_RESOLVE=30\n- BAD_BEHAVIOR_BAN_TIME=0\n',
    ],
    [
      "compose.yaml",
      `x-env: &env
  USE_ANTIBOT: captcha
  ANTIBOT_TIME_RESOLVE: 30
services:
  bunkerweb:
    image: bunkerity/bunkerweb
  bw-scheduler:
    environment:
      <<: *env
      ANTIBOT_IGNORE_URI: "^/a#b"
      BAD_BEHAVIOR_BAN_TIME: "0"
  app:
    environment: { DATABASE: x }
`,
    ],
    [
      "app.json",
      JSON.stringify({
        USE_ANTIBOT: "captcha",
        ANTIBOT_IGNORE_URI: "^/a#b",
        ANTIBOT_TIME_RESOLVE: 30,
        BAD_BEHAVIOR_BAN_TIME: 0,
      }),
    ],
    [
      ".env",
      '# mine\nUSE_ANTIBOT=captcha\nANTIBOT_IGNORE_URI="^/a#b"\nexport ANTIBOT_TIME_RESOLVE=30\nBAD_BEHAVIOR_BAN_TIME=0 # for good\n',
    ],
    [
      "variables.env",
      "\uFEFFUSE_ANTIBOT=captcha\r\n#ANTIBOT_URI=/x\r\nANTIBOT_IGNORE_URI=^/a#b\r\nANTIBOT_TIME_RESOLVE=30\r\nBAD_BEHAVIOR_BAN_TIME=0\r\n",
    ],
  ])("%s", (name, text) => {
    expect(loadSettings(file(name, text), { logger: false })).toEqual(EXPECTED);
  });

  test("process.env", () => {
    process.env["ANTIBOT_URI"] = "no path";
    try {
      expect(problemsOf(process.env)).toContainEqual(
        expect.objectContaining({ setting: "ANTIBOT_URI", from: "the environment" }),
      );
    } finally {
      delete process.env["ANTIBOT_URI"];
    }
  });

  test("YAML values stay as they are written: no is no, 1.0 is 1.0", () => {
    const path = file(
      "plain.yml",
      "USE_BAD_BEHAVIOR: no\nUSE_ANTIBOT: recaptcha\nANTIBOT_RECAPTCHA_SCORE: 1.0\nANTIBOT_URI:\n",
    );
    expect(problemsOf(path)).toEqual([expect.objectContaining({ setting: "ANTIBOT_URI", value: "" })]);
    expect(
      loadSettings(
        file("plain2.yml", "USE_BAD_BEHAVIOR: no\nUSE_ANTIBOT: recaptcha\nANTIBOT_RECAPTCHA_SCORE: 1.0\n"),
      ),
    ).toEqual({
      badBehavior: false,
      antibot: { challenge: "recaptcha", recaptcha: { score: 1 } },
    });
  });

  test.each([
    ["a missing file", () => join(folder, "none.yml")],
    ["a folder", () => folder],
    ["no known kind", () => file("a.txt", "USE_ANTIBOT=cookie")],
    ["broken YAML", () => file("broken.yml", "a: [1")],
    ["broken JSON", () => file("broken.json", "{")],
    ["a JSON text", () => file("text.json", '"USE_ANTIBOT"')],
    [
      "an alias bomb",
      () =>
        file(
          "bomb.yml",
          `a: &a [x,x,x,x,x,x,x,x,x]\n${["b", "c", "d", "e", "f", "g", "h"]
            .map(
              (to, i) =>
                `${to}: &${to} [${Array(9)
                  .fill(`*${"abcdefgh"[i] as string}`)
                  .join(",")}]`,
            )
            .join("\n")}\n`,
        ),
    ],
    ["a huge file", () => file("huge.json", `{"a":"${"x".repeat(1024 * 1024)}"}`)],
  ])("%s is one problem in the report", (_name, path) => {
    expect(problemsOf(path())).toHaveLength(1);
  });

  test.each([[null], [undefined], [7], [["USE_ANTIBOT"]]])("%p is no source", (source) => {
    expect(problemsOf(source as never)).toHaveLength(1);
  });

  test("true, false and numbers of an object", () => {
    expect(
      loadSettings({
        USE_BAD_BEHAVIOR: false,
        USE_ANTIBOT: "cookie",
        ANTIBOT_RDNS_GLOBAL: true,
        ANTIBOT_TIME_VALID: 60,
        ANTIBOT_URI: undefined,
      }),
    ).toEqual({
      badBehavior: false,
      antibot: { challenge: "cookie", rdnsGlobal: true, timeValid: 60 },
    });
  });
});

describe("values", () => {
  test.each([
    ["USE_ANTIBOT", "capcha"],
    ["USE_BAD_BEHAVIOR", "true"],
    ["ANTIBOT_URI", "challenge"],
    ["ANTIBOT_TIME_RESOLVE", "1e3"],
    ["ANTIBOT_TIME_VALID", "-1"],
    ["ANTIBOT_TIME_VALID", "0x10"],
    ["ANTIBOT_RECAPTCHA_SCORE", "0.75"],
    ["ANTIBOT_IGNORE_URI", "("],
    ["ANTIBOT_IGNORE_IP", "10.0.0.0/33"],
    ["ANTIBOT_IGNORE_ASN", "google"],
    ["ANTIBOT_CAPTCHA_ALPHABET", "ab"],
    ["BAD_BEHAVIOR_STATUS_CODES", "404 40x"],
    ["BAD_BEHAVIOR_STATUS_CODES", ""],
    ["BAD_BEHAVIOR_THRESHOLD", "0"],
    ["BAD_BEHAVIOR_BAN_TIME", "1d"],
    ["BAD_BEHAVIOR_BAN_SCOPE", "all"],
    ["DNSBL_LIST", "not a zone!"],
    ["DNSBL_IGNORE_IP_URLS", "ftp://example.com/x"],
    ["BUNKERNET_SERVER", "example.com"],
    ["SESSIONS_NAME", "a b"],
    ["DENY_HTTP_STATUS", "404"],
    ["SECURITY_MODE", "off"],
    ["DNS_RESOLVERS", "dns.example.com"],
    ["REDIS_PORT", "70000"],
    ["REDIS_SENTINEL_HOSTS", "a:70000"],
    ["MULTISITE", "maybe"],
  ])("%s=%s is refused, with what is allowed and where it came from", (name, text) => {
    expect(problemsOf({ [name]: text })).toEqual([
      expect.objectContaining({
        setting: name,
        value: text,
        from: "the object",
        rule: expect.stringMatching(/./) as string,
      }),
    ]);
  });

  test("all problems come in one report, and no secret is in it", () => {
    const source = {
      SESSIONS_SECRET: "too short",
      REDIS_PASSWORD: "hush\n",
      USE_ANTIBOT: "x",
      ANTIBOT_TURNSTILE_SECRET: "hush hush",
      ANTIBOT_URLS: "hush",
    };
    expect(problemsOf(source)).toHaveLength(5);
    expect(() => loadSettings(source)).toThrow(/^ERR_BUNKER_SETTINGS: 5 settings are wrong/);
    expect(() => loadSettings(source)).not.toThrow(/hush|too short/);
  });

  test("R18 SESSIONS_SECRET=random and SESSIONS_NAME=random load, a short secret does not", () => {
    expect(loadSettings({ SESSIONS_SECRET: "random", SESSIONS_NAME: "random" })).toEqual({
      sessions: { secret: "random", name: "random" },
    });
    expect(problemsOf({ SESSIONS_SECRET: "fifteen letters" })).toEqual([
      expect.objectContaining({ value: "(hidden)" }),
    ]);
  });

  test("several settings of one name are put together in the order of their numbers", () => {
    expect(
      loadSettings({
        USE_DNSBL: "yes",
        DNSBL_IGNORE_IP_10: "10.0.0.3",
        DNSBL_IGNORE_IP: "10.0.0.1",
        DNSBL_IGNORE_IP_2: "10.0.0.2",
      }),
    ).toEqual({
      dnsbl: { ignoreIp: ["10.0.0.1", "10.0.0.2", "10.0.0.3"] },
    });
    expect(problemsOf({ ANTIBOT_IGNORE_IP_1: "10.0.0.1" })).toEqual([
      expect.objectContaining({ nearest: "ANTIBOT_IGNORE_IP" }),
    ]);
  });

  test("…_FILE is read from that file; both are too many; a file that cannot be read is a problem", () => {
    const path = file("secret", "the secret of this site\n");
    expect(loadSettings({ SESSIONS_SECRET_FILE: path })).toEqual({
      sessions: { secret: "the secret of this site" },
    });
    expect(
      problemsOf({ SESSIONS_SECRET_FILE: path, SESSIONS_SECRET: "another secret, also long" }),
    ).toHaveLength(1);
    expect(problemsOf({ SESSIONS_SECRET_FILE: `${path}-none` })).toEqual([
      expect.objectContaining({ setting: "SESSIONS_SECRET_FILE" }),
    ]);
    expect(explainSettings({ SESSIONS_SECRET_FILE: path }).common).toContainEqual(
      expect.objectContaining({
        name: "SESSIONS_SECRET",
        value: "(hidden)",
        from: `the file ${path}`,
        givenAs: "SESSIONS_SECRET_FILE",
      }),
    );
  });

  test("no zones at all turn DNSBL off", () => {
    expect(loadSettings({ USE_DNSBL: "yes", DNSBL_LIST: "" })).toEqual({ dnsbl: false });
  });

  test("a session's hard end ends passes", () => {
    expect(loadSettings({ USE_ANTIBOT: "cookie", SESSIONS_ABSOLUTE_TIMEOUT: "600" })).toEqual({
      antibot: { challenge: "cookie", timeValid: 600 },
    });
    expect(
      loadSettings({ USE_ANTIBOT: "cookie", ANTIBOT_TIME_VALID: "60", SESSIONS_ABSOLUTE_TIMEOUT: "600" }),
    ).toEqual({ antibot: { challenge: "cookie", timeValid: 60 } });
  });

  test("WHITELIST_IP is allow, unless USE_WHITELIST says no", () => {
    expect(loadSettings({ WHITELIST_IP: "192.0.2.1 10.0.0.0/8" })).toEqual({
      allow: ["192.0.2.1", "10.0.0.0/8"],
    });
    expect(loadSettings({ WHITELIST_IP: "192.0.2.1", USE_WHITELIST: "no" })).toEqual({ allow: [] });
  });
});

describe("names", () => {
  test.each([
    ["USE_ANTIBOTS", "USE_ANTIBOT"],
    ["USE_ANTI_BOT", "USE_ANTIBOT"],
    ["use_antibot", "USE_ANTIBOT"],
    ["USE_BADBEHAVIOR", "USE_BAD_BEHAVIOR"],
    ["USE_BAD_BEHAVIOUR", "USE_BAD_BEHAVIOR"],
    ["USE_DNSBLS", "USE_DNSBL"],
    ["ANTIBOT_URL", "ANTIBOT_URI"],
    ["ANTIBOT_RECAPTCHA_SITE_KEY", "ANTIBOT_RECAPTCHA_SITEKEY"],
    ["BAD_BEHAVIOR_TRESHOLD", "BAD_BEHAVIOR_THRESHOLD"],
    ["DNSBL_LISTS", "DNSBL_LIST"],
    ["SESSIONS_SECRETS", "SESSIONS_SECRET"],
    ["bunkernet_server", "BUNKERNET_SERVER"],
  ])("%s is an error: did you mean %s?", (name, nearest) => {
    expect(problemsOf({ [name]: "x" })).toEqual([
      expect.objectContaining({ setting: name, nearest, value: undefined }),
    ]);
  });

  test("other plugins' settings are ignored with one warning, near ones told of, the rest is nobody's business", () => {
    const warnings = warningsOf({
      USE_REVERSE_PROXY: "yes",
      REVERSE_PROXY_HOST_2: "http://app",
      USE_MODSECURITY: "no",
      WHITELIST_RDNS: ".google.com",
      BADBEHAVIOR_THRESHOLD: "3",
      SESSION_SECRET: "mine",
      USE_DNS: "1",
      NODE_ENV: "test",
      REDIS_URL: "redis://mine",
      MYAPP_REDIS_HOST: "mine",
    });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(
      /USE_REVERSE_PROXY, REVERSE_PROXY_HOST_2, USE_MODSECURITY, WHITELIST_RDNS \(the object\)/,
    );
    expect(warnings[1]).toMatch(/BADBEHAVIOR_THRESHOLD \(did you mean BAD_BEHAVIOR_THRESHOLD\?\)/);
    expect(warnings.join()).not.toMatch(/SESSION_SECRET|USE_DNS|NODE_ENV|REDIS/);
  });
});

describe("Redis", () => {
  const access = (settings: Record<string, string>): RedisAccess => {
    let seen: RedisAccess | undefined;
    const options = loadSettings(
      { USE_REDIS: "yes", ...settings },
      { createStore: (redis) => ((seen = redis), new MemoryStore()) },
    );
    expect(options.store).toBeInstanceOf(MemoryStore);
    return seen as RedisAccess;
  };

  test("host, port, database, user, password and TLS make a URL", () => {
    expect(access({ REDIS_HOST: "redis", REDIS_TIMEOUT: "1000" })).toMatchObject({
      url: "redis://redis:6379/0",
      timeout: 900,
      tls: false,
    });
    expect(
      access({
        REDIS_HOST: "2001:db8::1",
        REDIS_PORT: "6380",
        REDIS_DATABASE: "3",
        REDIS_USERNAME: "me",
        REDIS_PASSWORD: "p@ss:w/d",
        REDIS_SSL: "yes",
        REDIS_TIMEOUT: "50",
      }),
    ).toMatchObject({
      url: "rediss://me:p%40ss%3Aw%2Fd@[2001:db8::1]:6380/3",
      timeout: 50,
      tls: true,
      verify: true,
    });
  });

  test("Sentinels", () => {
    expect(
      access({ REDIS_SENTINEL_HOSTS: "one two:26380 [2001:db8::1]:1", REDIS_SENTINEL_MASTER: "main" }),
    ).toMatchObject({
      url: undefined,
      master: "main",
      sentinels: [
        { host: "one", port: 26_379 },
        { host: "two", port: 26_380 },
        { host: "2001:db8::1", port: 1 },
      ],
    });
  });

  test("without a host it is an error", () => {
    expect(problemsOf({ USE_REDIS: "yes" })).toEqual([expect.objectContaining({ setting: "REDIS_HOST" })]);
    expect(problemsOf({ USE_REDIS: "yes", REDIS_SENTINEL_HOSTS: "one" })).toEqual([
      expect.objectContaining({ setting: "REDIS_SENTINEL_MASTER" }),
    ]);
  });
});

describe("multisite", () => {
  const base = { MULTISITE: "yes", SERVER_NAME: "a.example.com B.example.com" };

  test("a service's setting, then the one without a prefix, then the default", () => {
    expect(
      loadSettings({
        ...base,
        USE_ANTIBOT: "cookie",
        ANTIBOT_TIME_VALID: "600",
        "a.example.com_USE_ANTIBOT": "captcha",
        "a.example.com_SECURITY_MODE": "detect",
        "b.example.com_SERVER_NAME": "b.example.com www.b.example.com",
        "b.example.com_USE_ANTIBOT": "no",
        "b.example.com_BAD_BEHAVIOR_BAN_SCOPE": "global",
      }),
    ).toEqual({
      antibot: { challenge: "cookie", timeValid: 600 },
      services: {
        "a.example.com": { mode: "detect", antibot: { challenge: "captcha", timeValid: 600 } },
        "b.example.com": {
          aliases: ["www.b.example.com"],
          antibot: false,
          badBehavior: { banScope: "global" },
        },
      },
    });
  });

  test("one site without MULTISITE: the first name and its aliases; prefixes are not looked at, which is told", () => {
    const source = { SERVER_NAME: "www.example.com example.com", "www.example.com_USE_ANTIBOT": "captcha" };
    expect(loadSettings(source, { logger: false })).toEqual({
      services: { "www.example.com": { aliases: ["example.com"] } },
    });
    expect(warningsOf(source)).toEqual([
      expect.stringMatching(/only with MULTISITE=yes: www\.example\.com_USE_ANTIBOT/),
    ]);
  });

  test.each([
    [
      "a global setting with a prefix",
      { "a.example.com_BUNKERNET_SERVER": "https://x.example" },
      "a.example.com_BUNKERNET_SERVER",
    ],
    [
      "a global list with a prefix",
      { "a.example.com_DNSBL_LIST": "zen.spamhaus.org" },
      "a.example.com_DNSBL_LIST",
    ],
    ["a service that is not there", { "c.example.com_USE_ANTIBOT": "cookie" }, "c.example.com_USE_ANTIBOT"],
    ["a misspelt setting of a service", { "a.example.com_ANTIBOT_URL": "/x" }, "a.example.com_ANTIBOT_URL"],
    ["a wrong value of a service", { "a.example.com_ANTIBOT_URI": "x" }, "a.example.com_ANTIBOT_URI"],
    [
      "an alias of two services",
      { "a.example.com_SERVER_NAME": "b.example.com" },
      "a.example.com_SERVER_NAME",
    ],
    ["a name that is none", { SERVER_NAME: "a_b.example.com" }, "SERVER_NAME"],
  ])("%s is an error", (_name, settings, setting) => {
    expect(problemsOf({ ...base, ...settings }).map((problem) => problem.setting)).toContain(setting);
  });

  test("MULTISITE without names is an error", () => {
    expect(problemsOf({ MULTISITE: "yes" })).toEqual([expect.objectContaining({ setting: "SERVER_NAME" })]);
  });

  test("the explanation says what holds for each service, and where it came from", () => {
    const { services } = explainSettings({
      ...base,
      ANTIBOT_URI: "/all",
      "a.example.com_ANTIBOT_URI": "/own",
    });
    const uriOf = (list: readonly EffectiveSetting[] | undefined): unknown =>
      list?.find(({ name }) => name === "ANTIBOT_URI");
    expect(uriOf(services["a.example.com"])).toMatchObject({
      value: "/own",
      givenAs: "a.example.com_ANTIBOT_URI",
    });
    expect(uriOf(services["b.example.com"])).toMatchObject({
      value: "/all",
      givenAs: "ANTIBOT_URI",
      from: "the object",
    });
    expect(services["b.example.com"]).toContainEqual(
      expect.objectContaining({ name: "USE_ANTIBOT", value: "no", from: "default" }),
    );
    expect(services["a.example.com"]?.some(({ name }) => name === "BUNKERNET_SERVER")).toBe(false);
  });
});
