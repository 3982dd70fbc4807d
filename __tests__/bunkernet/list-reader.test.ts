import fc from "fast-check";
import { ListReader } from "../../src/bunkernet/list-reader.js";
import { readEntry } from "../../src/bunkernet/list-builder.js";

interface Read {
  entries: string[];
  result: string | undefined;
  strangers: number;
}

// Reads `text` in pieces of the given sizes.
function read(text: string, sizes: readonly number[] = []): Read {
  const bytes = Buffer.from(text);
  const reader = new ListReader();
  const entries: string[] = [];
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    entries.push(...reader.read(bytes.subarray(at, at + size)));
    at = Math.min(bytes.length, at + size);
  }
  reader.end();
  return { entries, result: reader.result, strangers: reader.nonTexts };
}

const junk = fc.jsonValue({ maxDepth: 3 });

test("reads what JSON.parse reads, in any order, with anything beside it, cut anywhere", () => {
  const doc = fc
    .record({
      data: fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 20 }), junk), { maxLength: 20 }),
      result: fc.constantFrom("ok", "ko"),
      more: fc.dictionary(
        fc.string().filter((key) => key !== "data" && key !== "result" && key !== "__proto__"),
        junk,
      ),
      dataFirst: fc.boolean(),
      space: fc.constantFrom(undefined, 1, "\t"),
    })
    .map(({ data, result, more, dataFirst, space }) => ({
      data,
      result,
      text: JSON.stringify(dataFirst ? { data, ...more, result } : { ...more, result, data }, null, space),
    }));
  fc.assert(
    fc.property(doc, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (made, sizes) => {
      const ascii = (text: string): boolean => /^[ -~]*$/.test(text);
      const got = read(made.text, sizes);
      const texts = made.data.filter((one): one is string => typeof one === "string");
      expect(got.result).toBe(made.result);
      expect(got.entries.filter((_, index) => ascii(texts[index] ?? ""))).toEqual(texts.filter(ascii));
      expect(got.entries).toHaveLength(texts.length);
      expect(got.strangers).toBe(made.data.length - texts.length);
    }),
  );
});

test("what is cut short is never whole", () => {
  const text = JSON.stringify({ result: "ok", extra: { a: [1, true, null] }, data: ["1.1.1.1", "2.2.2.2"] });
  for (let length = 0; length < text.length; length++) expect(() => read(text.slice(0, length))).toThrow();
  expect(read(text).entries).toEqual(["1.1.1.1", "2.2.2.2"]);
});

test.each([
  "<html><body>Bad Gateway</body></html>",
  '["1.1.1.1"]',
  '{"result":"ok","data":["1.1.1.1"]}{"x":1}',
  '{"result":"ok","data":["1.1.1.1"],"data":["2.2.2.2"]}',
  '{"result" "ok"}',
  '{"result":"ok",}',
  '{"data":["1.1.1.1",]}',
  '{"data":["1.1.1.1"}',
  '{"data":["1.1\n.1.1"]}',
  "[".repeat(100),
  '{"a":' + "[".repeat(40),
  "",
])("not a response of the API: %s", (text) => {
  expect(() => read(text)).toThrow(/response/);
});

test("escapes are read, texts that are too long are cut", () => {
  expect(read('{"data":["1\\u002e1.1.1"],"result":"ok"}').entries).toEqual(["1.1.1.1"]);
  expect(read(`{"data":["${"1".repeat(10_000)}"]}`).entries[0]?.length).toBeLessThan(200);
});

test("only global addresses may be listed; blocks only by option, and none that is too wide (R26)", () => {
  const good = (entry: string, ranges = false): string | undefined => readEntry(entry, ranges)?.text;
  expect(good("9.9.9.9")).toBe("9.9.9.9");
  expect(good("::ffff:9.9.9.9")).toBe("9.9.9.9");
  for (const bad of [
    "",
    "0.0.0.0/0",
    "10.0.0.1",
    "127.0.0.1",
    "::1",
    "9.9.9.0/24",
    "9.9.9.09",
    "fe80::1%eth0",
    "x",
  ])
    expect(good(bad)).toBeUndefined();
  expect(good("9.9.9.0/24", true)).toBe("9.9.9.0/24");
  expect(good("2606:4700::/32", true)).toBe("2606:4700::/32");
  for (const wide of ["0.0.0.0/0", "8.0.0.0/7", "2000::/3", "10.0.0.0/8", "::/0", "192.0.0.0/24"])
    expect(good(wide, true)).toBeUndefined();
});
