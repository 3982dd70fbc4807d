import fc from "fast-check";
import { AddressSet } from "../../src/address/address-set.js";
import {
  parseAddress,
  parseRange,
  rangeContains,
  type Address,
  type AddressRange,
} from "../../src/address/address.js";

const range = (text: string): AddressRange => parseRange(text)!;
const address = (text: string): Address => parseAddress(text)!;

// Few distinct values, so that adds, deletes and covers meet; the all-zero keys among them.
const ipv4 = fc
  .tuple(fc.constantFrom(0, 1, 10, 255), fc.constantFrom(0, 7, 128), fc.constantFrom(0, 9), fc.nat(3))
  .map((parts) => parts.join("."));
const ipv6 = fc
  .tuple(
    fc.constantFrom("0", "2001"),
    fc.constantFrom("0", "db8"),
    fc.constantFrom("0", "1"),
    fc.constantFrom("0", "ffff"),
    fc.nat(2),
  )
  .map(([a, b, c, d, e]) => `${a}:${b}:0:${c}:${d}:0:0:${e}`);
const entry = fc.oneof(
  ipv4,
  fc.tuple(ipv4, fc.constantFrom(0, 1, 8, 9, 24, 31, 32)).map(([text, bits]) => `${text}/${bits}`),
  ipv6,
  fc.tuple(ipv6, fc.constantFrom(0, 3, 32, 33, 64, 65, 127, 128)).map(([text, bits]) => `${text}/${bits}`),
);

describe("AddressSet", () => {
  test("answers as a plain list of ranges does, whatever is added and deleted", () => {
    const step = fc.record({ action: fc.constantFrom("add", "add", "delete"), text: entry });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.oneof(ipv4, ipv6), { minLength: 10, maxLength: 30 }),
        (steps, probes) => {
          const set = new AddressSet();
          const model = new Map<string, AddressRange>();
          for (const { action, text } of steps) {
            const one = range(text);
            if (action === "add") {
              expect(set.add(one)).toBe(!model.has(one.text));
              model.set(one.text, one);
            } else {
              expect(set.delete(one)).toBe(model.delete(one.text));
            }
            expect(set.size).toBe(model.size);
          }
          expect([...set.entries()].map((each) => each.text).sort()).toEqual([...model.keys()].sort());
          for (const probe of probes.map(address)) {
            const isCovered = [...model.values()].some((each) => rangeContains(each, probe));
            expect(set.has(probe)).toBe(isCovered);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([4, 6] as const)(
    "keeps a large IPv%i set true while pages split, entries leave and come back",
    (family) => {
      // A full-period walk over the words: no two alike.
      const nth = (index: number): Address => {
        const word = Math.imul(index, 0x9e3779b1) >>> 0;
        const words = family === 4 ? [word] : [0x20010db8, word, index % 3, 0];
        return { family, text: "", words };
      };
      const set = new AddressSet();
      const count = 60_000;
      for (let index = 0; index < count; index++) set.add(nth(index));
      expect(set.size).toBe(count);
      for (let index = 0; index < count; index += 3) expect(set.delete(nth(index))).toBe(true);
      let wrong = 0;
      for (let index = 0; index < 2 * count; index++) {
        if (set.has(nth(index)) !== (index < count && index % 3 !== 0)) wrong++;
      }
      expect(wrong).toBe(0);
      for (let index = 0; index < count; index += 3) expect(set.add(nth(index))).toBe(true);
      expect([set.size, [...set.entries()].length]).toEqual([count, count]);
      for (let index = 0; index < count; index++) set.delete(nth(index));
      expect([set.size, set.bytes]).toEqual([0, 0]);
    },
  );

  test("a million IPv4 addresses take at most 10 MB", () => {
    const set = new AddressSet();
    for (let index = 0; index < 1_000_000; index++)
      set.add({ family: 4, text: "", words: [Math.imul(index, 0x9e3779b1) >>> 0] });
    expect(set.size).toBe(1_000_000);
    expect(set.bytes).toBeLessThanOrEqual(10_000_000);
  });

  test("the all-zero addresses and blocks are entries like others", () => {
    const set = AddressSet.from(["0.0.0.0", "::"]);
    expect(set.has(address("0.0.0.0"))).toBe(true);
    expect(set.has(address("::"))).toBe(true);
    expect(set.has(address("0.0.0.1"))).toBe(false);
    expect(set.delete(address("0.0.0.0"))).toBe(true);
    expect(set.has(address("0.0.0.0"))).toBe(false);
    set.add(range("0.0.0.0/0"));
    expect(set.has(address("255.1.2.3"))).toBe(true);
    expect([...set.entries()].map((each) => each.text)).toEqual(["0.0.0.0/0", "::"]);
  });

  test("from names the texts that it cannot read", () => {
    expect(AddressSet.from(["1.2.3.4", range("10.0.0.0/8")]).size).toBe(2);
    expect(() => AddressSet.from(["1.2.3.4", "010.0.0.1", "example.com"])).toThrow(
      'not an IP address or CIDR block: "010.0.0.1", "example.com"',
    );
    expect(() => AddressSet.from(Array.from({ length: 9 }, (_, index) => `bad${index}`))).toThrow(
      "and 4 more",
    );
  });
});

describe("AddressSet.build", () => {
  test("leaves out and reports what is invalid", async () => {
    const invalid: string[] = [];
    const set = await AddressSet.build(["1.2.3.4", "nonsense", "10.0.0.0/8", "1.2.3.4", "::1"], (text) =>
      invalid.push(text),
    );
    expect([...set.entries()].map((each) => each.text)).toEqual(["1.2.3.4", "10.0.0.0/8", "::1"]);
    expect(invalid).toEqual(["nonsense"]);
  });

  test("lets the event loop turn between slices", async () => {
    let turns = 0;
    const counter = setInterval(() => turns++, 0);
    const texts = Array.from(
      { length: 400_000 },
      (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    );
    const set = await AddressSet.build(texts);
    clearInterval(counter);
    expect(set.size).toBe(400_000);
    expect(turns).toBeGreaterThan(5);
  });

  test("rejects when the source fails", async () => {
    function* broken() {
      yield "1.2.3.4";
      throw new Error("gone");
    }
    await expect(AddressSet.build(broken())).rejects.toThrow("gone");
  });
});
