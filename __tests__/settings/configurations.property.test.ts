import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import {
  BunkerSettingsError,
  describeSettings,
  explainSettings,
  loadSettings,
} from "../../src/settings/index.js";
import { MemoryStore } from "../../src/index.js";
import { mmdbOf } from "../support/mmdb.js";

const folder = mkdtempSync(join(tmpdir(), "bunker-round-trip-"));
const database = join(folder, "geo.mmdb");
writeFileSync(database, mmdbOf([["45.83.0.0/16", { autonomous_system_number: 64_500 }]]));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const word = (...values: string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const words = (...values: string[]): fc.Arbitrary<string> =>
  fc.array(word(...values), { maxLength: 4 }).map((list) => list.join(" "));
const yesNo = word("yes", "no");
const seconds = fc.integer({ min: 1, max: 86_400 }).map(String);
const addresses = words("192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "198.51.100.7");
const key = fc.stringMatching(/^[A-Za-z0-9]{0,20}$/);

/** Right values for every setting, by its name. */
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  SECURITY_MODE: word("block", "detect"),
  WHITELIST_IP: addresses,
  USE_WHITELIST: yesNo,
  DNS_RESOLVERS: word("", "127.0.0.11", "192.0.2.53:5353 2001:db8::53"),
  DENY_HTTP_STATUS: word("403", "444"),
  SESSIONS_SECRET: word("random", "a secret that is long enough"),
  SESSIONS_NAME: word("random", "SESSION", "a-b_c"),
  SESSIONS_DOMAIN: word("", "example.com", ".example.org"),
  SESSIONS_CHECK_IP: word("yes", "no", "exact"),
  SESSIONS_CHECK_USER_AGENT: yesNo,
  SESSIONS_IDLING_TIMEOUT: seconds,
  SESSIONS_ROLLING_TIMEOUT: seconds,
  SESSIONS_ABSOLUTE_TIMEOUT: seconds,
  USE_ANTIBOT: word(
    "no",
    "cookie",
    "javascript",
    "captcha",
    "recaptcha",
    "hcaptcha",
    "turnstile",
    "mcaptcha",
    "capjs",
  ),
  ANTIBOT_URI: word("/challenge", "/prove/it"),
  ANTIBOT_TIME_RESOLVE: seconds,
  ANTIBOT_TIME_VALID: seconds,
  ANTIBOT_SUCCESS_URI: word("", "/welcome?x=1"),
  ANTIBOT_IGNORE_URI: words("^/api/", "\\.css$", "(?i)^/HOOK"),
  ANTIBOT_IGNORE_IP: addresses,
  ANTIBOT_IGNORE_USER_AGENT: words("^Uptime", "(?i)monitor"),
  ANTIBOT_IGNORE_RDNS: words(".googlebot.com", ".search.msn.com"),
  ANTIBOT_RDNS_GLOBAL: yesNo,
  ANTIBOT_IGNORE_ASN: words("15169", "AS8075"),
  ANTIBOT_IGNORE_COUNTRY: words("FR", "de"),
  ANTIBOT_ONLY_COUNTRY: words("US"),
  ANTIBOT_GEO_ASN: fc.constant(database),
  ANTIBOT_GEO_COUNTRY: fc.constant(database),
  ANTIBOT_CAPTCHA_ALPHABET: word("abcdefghijk", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
  ANTIBOT_RECAPTCHA_SCORE: word("0.1", "0.7", "1.0"),
  ANTIBOT_RECAPTCHA_CLASSIC: yesNo,
  ANTIBOT_RECAPTCHA_PROJECT_ID: key,
  ANTIBOT_MCAPTCHA_URL: word("", "https://mcaptcha.example.com"),
  ANTIBOT_CAPJS_FRONTEND_URL: word("", "https://cap.example.com"),
  ANTIBOT_CAPJS_BACKEND_URL: word("", "http://127.0.0.1:3000"),
  USE_BAD_BEHAVIOR: yesNo,
  BAD_BEHAVIOR_STATUS_CODES: word("404", "400 401 403", "500  502"),
  BAD_BEHAVIOR_THRESHOLD: fc.integer({ min: 1, max: 100_000 }).map(String),
  BAD_BEHAVIOR_COUNT_TIME: seconds,
  BAD_BEHAVIOR_BAN_TIME: word("0", "60", "9007199254740991"),
  BAD_BEHAVIOR_BAN_SCOPE: word("service", "global"),
  USE_DNSBL: yesNo,
  DNSBL_LIST: word("", "zen.spamhaus.org", "bl.blocklist.de sbl.spamhaus.org"),
  DNSBL_IGNORE_IP: addresses,
  DNSBL_IGNORE_IP_URLS: words("https://example.com/a.txt", "file:///etc/ignore.txt"),
  USE_BUNKERNET: yesNo,
  BUNKERNET_SERVER: word("https://api.bunkerweb.io", "http://127.0.0.1:9999"),
};

const known = describeSettings();
const valueOf = (name: string): fc.Arbitrary<string> => VALUES[name] ?? key;
const some = (names: readonly string[]): fc.Arbitrary<Record<string, string>> =>
  fc
    .subarray([...names], { maxLength: 12 })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((name) => [name, valueOf(name)]))));

const plain = known
  .filter(({ name, part }) => part !== "Redis" && name !== "MULTISITE" && name !== "SERVER_NAME")
  .map(({ name }) => name);
const perService = known
  .filter(
    ({ name, context }) => context === "multisite" && name !== "SERVER_NAME" && name !== "SESSIONS_DOMAIN",
  )
  .map(({ name }) => name);
const SERVICES = ["a.example.com", "b.example.com"];

const configuration = fc
  .tuple(
    fc.constantFrom("none", "one", "many"),
    some(plain),
    some(perService),
    some(perService),
    fc.boolean(),
  )
  .map(([kind, common, first, second, aliased]) => {
    if (kind === "none") return common;
    if (kind === "one")
      return { ...common, SERVER_NAME: aliased ? "a.example.com www.a.example.com" : "a.example.com" };
    const prefixed = [first, second].flatMap((own, index) =>
      Object.entries(own).map(([name, text]) => [`${SERVICES[index] as string}_${name}`, text] as const),
    );
    return {
      ...common,
      MULTISITE: "yes",
      SERVER_NAME: SERVICES.join(" "),
      ...(aliased ? { "b.example.com_SERVER_NAME": "b.example.com c.example.com" } : {}),
      ...Object.fromEntries(prefixed),
    };
  });

/** What `explainSettings` shows as given, by the names it was given under; what it hides or shortens, as it was. */
function explained(settings: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const { common, services } = explainSettings(settings);
  const given = [common, ...Object.values(services)].flat().filter(({ givenAs }) => givenAs !== undefined);
  return Object.fromEntries(
    given.map(({ givenAs = "", value }) => [
      givenAs,
      value === "(hidden)" || value.endsWith("…") ? settings[givenAs] : value,
    ]),
  );
}

test("10 000 configurations load, and what explainSettings shows of them loads to the same options", () => {
  fc.assert(
    fc.property(configuration, (settings) => {
      const options = loadSettings(settings, { logger: false });
      return isDeepStrictEqual(loadSettings(explained(settings), { logger: false }), options);
    }),
    { numRuns: 10_000 },
  );
});

test("junk throws nothing but the report", () => {
  const names = fc.oneof(
    fc.constantFrom(...known.map(({ name }) => name)),
    fc.constantFrom(...known.map(({ name }) => `${name}_1`)),
    fc.constantFrom(...known.map(({ name }) => `a.example.com_${name}`)),
    fc.stringMatching(/^(?:ANTIBOT|DNSBL|BAD_BEHAVIOR|SESSIONS|USE)_[A-Z_]{0,8}$/),
    fc.string({ maxLength: 20 }),
  );
  const values = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.anything(),
    fc.constantFrom("yes", "no", "a.example.com"),
  );
  const junk = fc.dictionary(names, values, { maxKeys: 8 });
  const createStore = (): MemoryStore => new MemoryStore();
  fc.assert(
    fc.property(junk, (source) => {
      try {
        loadSettings(source, { logger: false, createStore });
      } catch (error) {
        expect(error).toBeInstanceOf(BunkerSettingsError);
        expect((error as Error).message).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
      }
    }),
    { numRuns: 1500, examples: [[{ ANTIBOT_GEO_ASN: "\u0001" }]] },
  );
});
