import fc from "fast-check";
import { negotiateLanguage } from "../../src/pages/negotiate.js";
import { LANGUAGES } from "../../src/pages/texts.js";

test.each([
  [undefined, "en"],
  ["", "en"],
  ["*", "en"],
  ["de", "de"],
  ["DE-ch", "de"],
  ["de-CH-1996", "de"],
  ["pt-BR,pt;q=0.9,en;q=0.8", "pt"],
  ["tlh,fr;q=0.5", "fr"],
  ["en;q=0.5, fr;q=0.9", "fr"],
  ["en;q=0.8,nl;q=0.8", "en"],
  ["nl;q=0.8,en;q=0.8", "nl"],
  ["de;q=0,fr;q=0.1", "fr"],
  ["de;q=0", "en"],
  ["de;q=bad,fr", "fr"],
  ["zh", "zh-Hans"],
  ["zh-CN", "zh-Hans"],
  ["zh-SG", "zh-Hans"],
  ["zh-Hans-CN", "zh-Hans"],
  ["zh-TW", "zh-Hant"],
  ["zh-HK", "zh-Hant"],
  ["zh-MO", "zh-Hant"],
  ["zh-Hant-TW", "zh-Hant"],
  ["ar-EG,ar;q=0.9", "ar"],
  ["-", "en"],
  [",,,;;;===", "en"],
])("R34 Accept-Language %j is answered in %s", (header, language) => {
  expect(negotiateLanguage(header)).toBe(language);
});

test("R34 whatever the header, the answer is one of our languages, and the same one again", () => {
  const tag = fc.constantFrom(
    "de",
    "fr-CA",
    "zh-TW",
    "*",
    "xx",
    "en",
    "-",
    "zh-",
    "iw",
    "constructor",
    "__proto__",
  );
  const entry = fc
    .tuple(tag, fc.option(fc.oneof(fc.double(), fc.string({ maxLength: 5 }))))
    .map(([range, quality]) => (quality === null ? range : `${range};q=${quality}`));
  const header = fc.oneof(
    fc.string({ unit: "binary", maxLength: 400 }),
    fc.array(entry, { maxLength: 40 }).map((entries) => entries.join(",")),
  );
  fc.assert(
    fc.property(header, (text) => {
      const language = negotiateLanguage(text);
      expect(Object.keys(LANGUAGES)).toContain(language);
      expect(negotiateLanguage(text)).toBe(language);
    }),
    { numRuns: 500 },
  );
});

test("R34 an endless header is not read to its end", () => {
  expect(negotiateLanguage(`${"xx-yy,".repeat(100_000)}de`)).toBe("en");
});

test.each([
  ["zh-Hans-HK", "zh-Hans"],
  ["zh-yue-HK", "zh-Hant"],
  ["zh-TW", "zh-Hant"],
  ["iw-IL", "he"],
])("%s is read as %s", (header, language) => {
  expect(negotiateLanguage(header)).toBe(language);
});
