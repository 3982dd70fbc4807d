import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { antibot, type AntibotOptions } from "../../../src/index.js";
import { mmdbOf } from "../../support/mmdb.js";
import { gatedSite, type GatedSite } from "./site.js";

const GOOGLE = "8.8.8.8";
const FRENCH = "51.15.0.1";
const NOWHERE = "9.9.9.9";
const folder = mkdtempSync(join(tmpdir(), "geo-"));
const asnFile = join(folder, "asn.mmdb");
const countryFile = join(folder, "country.mmdb");
let site: GatedSite | undefined;

beforeAll(() => {
  writeFileSync(
    asnFile,
    mmdbOf([
      ["8.8.8.0/24", { autonomous_system_number: 15169, autonomous_system_organization: "GOOGLE" }],
      ["51.15.0.0/16", { autonomous_system_number: 12876 }],
    ]),
  );
  writeFileSync(
    countryFile,
    mmdbOf([
      ["8.8.8.0/24", { country: { iso_code: "US" } }],
      ["51.15.0.0/16", { country_code: "FR" }],
    ]),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await site?.served.close();
  site = undefined;
});

async function visits(options: Partial<AntibotOptions>, ...from: string[]): Promise<string[]> {
  site = await gatedSite(options);
  const seen: string[] = [];
  for (const ip of from) seen.push(await site.visit(ip));
  return seen;
}

test.each([["15169"], ["AS15169"], ["ASN15169 8075"], [["as15169"]], [[15169]]])(
  "ignoreAsn %j lets in that network, by an MMDB file",
  async (ignoreAsn) => {
    const seen = await visits({ ignoreAsn, geo: { asn: asnFile } }, GOOGLE, FRENCH, NOWHERE, "10.0.0.1");
    expect(seen).toEqual(["let in", "challenged", "challenged", "challenged"]);
  },
);

test.each([
  ["a number", () => 15169],
  ["a text", () => "AS15169"],
  ["a promise", () => Promise.resolve(15169)],
])("ignoreAsn takes a function that answers %s", async (_kind, asn) => {
  expect(await visits({ ignoreAsn: "15169", geo: { asn } }, GOOGLE, GOOGLE)).toEqual(["let in", "let in"]);
});

test("what a function answers late is kept for an hour", async () => {
  let asked = 0;
  const country = (): Promise<string> => Promise.resolve(["US", "FR"][asked++] as string);
  await visits({ ignoreCountry: "us", geo: { country } }, GOOGLE, GOOGLE);
  site?.clock.advance(3600);
  expect([await site?.visit(GOOGLE), asked]).toEqual(["challenged", 2]);
});

test.each([
  [
    "throws",
    () => {
      throw new Error("no database");
    },
  ],
  ["rejects", () => Promise.reject(new Error("no database"))],
])("a function that %s excludes nobody and is told of", async (_how, country) => {
  expect(await visits({ onlyCountry: "FR", geo: { country } }, GOOGLE)).toEqual(["challenged"]);
  expect(site?.events.map(({ reason, data }) => [reason, data])).toEqual([["geo", "no database"]]);
});

test.each([
  ["ignoreCountry", { ignoreCountry: "us" }, ["let in", "challenged", "challenged", "challenged"]],
  ["onlyCountry", { onlyCountry: ["US"] }, ["challenged", "let in", "challenged", "let in"]],
  ["both", { ignoreCountry: "US", onlyCountry: "US" }, ["let in", "let in", "challenged", "let in"]],
])("%s: American, French, unknown and private visitors", async (_name, options, expected) => {
  expect(
    await visits({ ...options, geo: { country: countryFile } }, GOOGLE, FRENCH, NOWHERE, "10.0.0.1"),
  ).toEqual(expected);
});

test("R2 where anybody may claim any address, the one at the socket decides", async () => {
  site = await gatedSite({
    onlyCountry: "US",
    ignoreAsn: "15169",
    geo: { country: countryFile, asn: asnFile },
    trustProxy: true,
  });
  expect(await site.visit("10.0.0.1")).toBe("challenged");
  expect(await site.visit(GOOGLE)).toBe("challenged");
});

test.each([
  [{ ignoreAsn: "15169" }, /geo\.asn/],
  [{ ignoreCountry: "FR" }, /geo\.country/],
  [{ onlyCountry: "FR" }, /geo\.country.*onlyCountry/],
  [{ ignoreAsn: "Google", geo: { asn: asnFile } }, /ignoreAsn\[0\]/],
  [{ ignoreCountry: "FRA", geo: { country: countryFile } }, /ignoreCountry\[0\]/],
  [{ ignoreAsn: "1", geo: { asn: "/no/such/file.mmdb" } }, /geo\.asn.*ENOENT/],
  [{ ignoreAsn: "1", geo: { asn: __filename } }, /geo\.asn/],
  [{ successUri: "//elsewhere.example" }, /successUri/],
  [{ successUri: "/challenge?again" }, /successUri/],
] as const)("%j is an error at start", (options, message) => {
  expect(() => antibot({ challenge: "cookie", ...options })).toThrow(message);
});

test("without a package that reads MMDB files the error says what to install", () => {
  jest.isolateModules(() => {
    for (const name of ["mmdb-lib", "maxmind"])
      jest.doMock(
        name,
        () => {
          throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });
        },
        { virtual: true },
      );
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const fresh = require("../../../src/antibot/antibot.js") as { antibot: typeof antibot };
    expect(() => fresh.antibot({ challenge: "cookie", ignoreAsn: "1", geo: { asn: asnFile } })).toThrow(
      /geo\.asn.*npm install mmdb-lib/,
    );
  });
  for (const name of ["mmdb-lib", "maxmind"]) jest.dontMock(name);
});
