import fc from "fast-check";
import { addressOfWords, parseRange, rangeOf } from "../../src/address/address.js";
import { readRange } from "../../src/address/canonical-range.js";

const group = fc.oneof(
  fc.constant(0),
  fc.constant(0xffff),
  fc.constant(0x64),
  fc.constant(0xff9b),
  fc.nat(0xffff),
);
const words = fc
  .array(fc.tuple(group, group), { minLength: 4, maxLength: 4 })
  .map((pairs) => pairs.map(([high, low]) => high * 0x10000 + low));
const ends = fc.oneof(
  fc.constant(""),
  fc.nat(140).map((bits) => `/${bits}`),
  fc.constantFrom("/", "/064", "/6x", "%eth0"),
);

test("reading a range fast makes no difference, whatever its text", () => {
  const same = (text: string): void => expect(readRange(text)).toEqual(parseRange(text));
  fc.assert(
    fc.property(words, fc.nat(128), (list, bits) => {
      const canonical = rangeOf(6, list, bits).text;
      same(canonical);
      same(canonical.toUpperCase());
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(words, ends, (list, end) => same(addressOfWords(6, list).text + end)));
  const parts = fc.constantFrom(
    ":",
    "::",
    "0",
    "00",
    "1",
    "ab",
    "AB",
    "ffff",
    "fffff",
    "/",
    "64",
    "1.2.3.4",
    "%",
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 18 }), (list) => same(list.join(""))),
    { numRuns: 5000 },
  );
  const pieces = fc.constantFrom("0", "1", "ab", "ffff", "");
  fc.assert(
    fc.property(fc.array(pieces, { minLength: 3, maxLength: 9 }), ends, (list, end) =>
      same(list.join(":") + end),
    ),
    { numRuns: 5000 },
  );
});

test.each([
  "::",
  "::1",
  "1::",
  "2001:db8::/32",
  "::ffff:1.2.3.4",
  "64:ff9b::102:304",
  "8.8.8.8",
  "10.0.0.0/8",
  "x",
  "",
])("it reads %p as any range is read", (text) => expect(readRange(text)).toEqual(parseRange(text)));
