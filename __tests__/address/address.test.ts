import { isIP, isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import {
  isGlobal,
  parseAddress,
  parseForwarded,
  parseRange,
  prefixOf,
  rangeContains,
  type Address,
} from "../../src/address/address.js";

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed) throw new Error(`not an address: ${text}`);
  return parsed;
}

const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
// Many zero groups, so that every place of "::" comes up.
const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
const words = (list: readonly number[]) =>
  [0, 2, 4, 6].map((index) => (list[index]! * 0x10000 + list[index + 1]!) >>> 0);

// The 128 bits of a text, read in another way than the code under test does: by the URL parser.
function urlHost(ipv6: string): string {
  return new URL(`http://[${ipv6}]/`).hostname.slice(1, -1);
}

describe("parseAddress", () => {
  test.each([
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["::FFFF:0102:0304", "1.2.3.4"],
    ["0:0:0:0:0:ffff:102:304", "1.2.3.4"],
    ["::ffff:1.2.3.4%eth0", "1.2.3.4"],
    ["64:ff9b::1.2.3.4", "1.2.3.4"],
    ["64:ff9b::102:304", "1.2.3.4"],
    ["0064:ff9b:0:0:0:0:0102:0304", "1.2.3.4"],
    ["64:ff9b:1::102:304", "64:ff9b:1::102:304"],
    ["::1.2.3.4", "::102:304"],
    ["::ffff:0:1.2.3.4", "::ffff:0:102:304"],
    ["fe80::1%eth0", "fe80::1"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::", "::"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
  ])("R4 %s reads %s", (text, canonical) => {
    expect(parseAddress(text)?.text).toBe(canonical);
  });

  test.each([
    "010.0.0.1",
    "1",
    "0x7f.1",
    "127.1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.04",
    "00.0.0.0",
    "1..2.3",
    ".1.2.3",
    "1.2.3.",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.4%eth0",
    "1.2.3.4:80",
    "+1.2.3.4",
    "",
    ":",
    ":::",
    "1::2::3",
    "12345::",
    "::ffff:010.0.0.1",
    "fe80::1%",
    "[::1]",
    "localhost",
    "١.٢.٣.٤",
  ])("R4 %j is refused", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test("R4 IPv4 text is read as node:net reads it, and is its own canonical form", () => {
    fc.assert(
      fc.property(octets, (parts) => {
        const text = parts.join(".");
        const parsed = address(text);
        expect(isIPv4(text)).toBe(true);
        expect(parsed.text).toBe(text);
        expect(parsed.words).toEqual([new DataView(Uint8Array.from(parts).buffer).getUint32(0)]);
      }),
    );
  });

  test("R4 text that nearly is IPv4 is accepted exactly when node:net accepts it", () => {
    const part = fc.oneof(
      fc.nat(300).map(String),
      fc.constantFrom("", "0", "00", "01", "1e1", "-1", " 1", "0x1", "256"),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.join(".");
        expect(parseAddress(text) !== undefined).toBe(isIPv4(text));
      }),
      { numRuns: 500 },
    );
  });

  test("R4 IPv6 text comes back in RFC 5952 form with the same bits, however it was spelt", () => {
    fc.assert(
      fc.property(
        groups,
        fc.constantFrom("full", "padded", "upper", "short", "dotted", "shortDotted"),
        (list, spelling) => {
          if (spelling === "shortDotted") list.fill(0, 0, 6);
          const hex = list.map((group) => group.toString(16));
          const dotted = [list[6]! >> 8, list[6]! & 255, list[7]! >> 8, list[7]! & 255].join(".");
          const texts = {
            full: hex.join(":"),
            padded: hex.map((group) => group.padStart(4, "0")).join(":"),
            upper: hex.join(":").toUpperCase(),
            short: urlHost(hex.join(":")),
            dotted: `${hex.slice(0, 6).join(":")}:${dotted}`,
            // Six leading zeros: a text that some readers take for a mapped address.
            shortDotted: `::${dotted}`,
          };
          const parsed = address(texts[spelling]);
          if (parsed.family === 4) {
            expect(list.slice(0, 6)).toEqual(
              list[0] === 0 ? [0, 0, 0, 0, 0, 0xffff] : [0x64, 0xff9b, 0, 0, 0, 0],
            );
            expect(parsed.words).toEqual([words(list)[3]]);
          } else {
            expect(parsed.text).toBe(urlHost(texts[spelling]));
            expect(parsed.words).toEqual(words(list));
            expect(ipaddr.IPv6.parse(parsed.text).parts).toEqual(list);
          }
          expect(parseAddress(parsed.text)).toEqual(parsed);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("R4 mapped and NAT64 addresses are the IPv4 address they carry", () => {
    fc.assert(
      fc.property(
        octets,
        fc.constantFrom("::ffff:", "0:0:0:0:0:ffff:", "64:ff9b::"),
        fc.boolean(),
        (parts, lead, asHex) => {
          const [a, b, c, d] = parts;
          const tail = asHex
            ? `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
            : parts.join(".");
          expect(parseAddress(lead + tail)).toEqual(parseAddress(parts.join(".")));
        },
      ),
    );
  });

  test("R4 whatever node:net accepts as IPv6 is read, anything else refused, and nothing throws", () => {
    const piece = fc.constantFrom(
      "::",
      ":",
      "0",
      "ffff",
      "64",
      "ff9b",
      "1.2.3.4",
      "12345",
      "%",
      "%eth0",
      "g",
      "2001",
      ".",
      "]",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        const [host = ""] = text.split("%");
        const accepted = text.includes("%") ? isIPv6(host) && !text.endsWith("%") : isIP(text) !== 0;
        const zoneAtEnd = text.indexOf("%") === text.length - 1;
        if (!(text.includes("%") && text.endsWith("%") && !zoneAtEnd))
          expect(parseAddress(text) !== undefined).toBe(accepted);
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0);
        expect(() => [parseForwarded(text), parseRange(text)]).not.toThrow();
      }),
    );
  });

  test("R4 a text of any length is answered without reading it", () => {
    expect(parseAddress("1".repeat(1_000_000))).toBeUndefined();
    expect(parseAddress(`fe80::1%${"e".repeat(1_000_000)}`)).toBeUndefined();
    expect(parseForwarded(" ".repeat(1_000_000))).toBeUndefined();
    expect(parseRange(`::/${"1".repeat(1_000_000)}`)).toBeUndefined();
  });
});

describe("parseForwarded", () => {
  test.each([
    ["1.2.3.4", "1.2.3.4"],
    ["1.2.3.4:4711", "1.2.3.4"],
    [" 1.2.3.4 ", "1.2.3.4"],
    ['"1.2.3.4:80"', "1.2.3.4"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ['\t"[2001:DB8::1]:443" ', "2001:db8::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["[::ffff:1.2.3.4]:1", "1.2.3.4"],
    ["[fe80::1%eth0]:1", "fe80::1"],
  ])("R4 %j reads %s", (text, canonical) => {
    expect(parseForwarded(text)?.text).toBe(canonical);
  });

  test.each([
    "unknown",
    "_hidden",
    "1.2.3.4:",
    "1.2.3.4:x",
    "1.2.3.4:65536",
    "1.2.3.4:123456",
    "[1.2.3.4]",
    "[::1",
    "[::1]x",
    "[::1]443",
    "[]",
    "::1]:1",
    '"',
    "010.0.0.1:80",
    "example.com:80",
    "1.2.3.4, 5.6.7.8",
  ])("R4 %j is refused", (text) => {
    expect(parseForwarded(text)).toBeUndefined();
  });
});

describe("parseRange and prefixOf", () => {
  test.each([
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["1.2.3.4/32", "1.2.3.4"],
    ["1.2.3.4", "1.2.3.4"],
    ["1.2.3.4/0", "0.0.0.0/0"],
    ["255.255.255.255/1", "128.0.0.0/1"],
    ["2001:db8:1:2:3::/64", "2001:db8:1:2::/64"],
    ["2001:db8::1/128", "2001:db8::1"],
    ["ffff::/0", "::/0"],
    ["::ffff:10.1.2.3/104", "10.0.0.0/8"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
    ["64:ff9b::1.2.3.4/120", "1.2.3.0/24"],
    ["::ffff:1.2.3.4/128", "1.2.3.4"],
    ["::/90", "::/90"],
  ])("R4 %s is %s", (text, canonical) => {
    expect(parseRange(text)?.text).toBe(canonical);
  });

  test.each([
    "1.2.3.4/33",
    "::/129",
    "1.2.3.4/",
    "1.2.3.4/-1",
    "1.2.3.4/08",
    "1.2.3.4/8/8",
    "1.2.3/8",
    "/8",
    "1.2.3.4/ 8",
    "10/8",
  ])("R4 %j is refused", (text) => {
    expect(parseRange(text)).toBeUndefined();
  });

  test("R4 a block covers what ipaddr.js says it covers", () => {
    const near = fc.tuple(groups, fc.nat(128), groups, fc.boolean()).map(([base, bits, other, share]) => {
      const kept = Math.floor(bits / 16);
      return { base, bits, other: share ? [...base.slice(0, kept), ...other.slice(kept)] : other };
    });
    fc.assert(
      fc.property(near, ({ base, bits, other }) => {
        const [blockText, otherText] = [base, other].map(
          (list) =>
            `2${
              list
                .map((group) => group.toString(16))
                .join(":")
                .slice(1) || "0"
            }`,
        );
        fc.pre(isIPv6(blockText!) && isIPv6(otherText!));
        const range = parseRange(`${blockText!}/${bits}`)!;
        expect(rangeContains(range, address(otherText!))).toBe(
          ipaddr.IPv6.parse(otherText!).match(ipaddr.IPv6.parse(blockText!), bits),
        );
        expect(parseRange(range.text)).toEqual(range);
        expect(prefixOf(address(blockText!), bits)).toEqual(range);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(octets, octets, fc.nat(32), fc.boolean(), (base, other, bits, share) => {
        const otherText = (share ? [...base.slice(0, bits >> 3), ...other.slice(bits >> 3)] : other).join(
          ".",
        );
        const range = parseRange(`${base.join(".")}/${bits}`)!;
        expect(rangeContains(range, address(otherText))).toBe(
          ipaddr.IPv4.parse(otherText).match(ipaddr.IPv4.parse(base.join(".")), bits),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("R4 the families never cover each other", () => {
    expect(rangeContains(parseRange("0.0.0.0/0")!, address("::"))).toBe(false);
    expect(rangeContains(parseRange("::/0")!, address("0.0.0.0"))).toBe(false);
  });

  test("R4 one IPv6 client is a block, one IPv4 client an address", () => {
    expect(prefixOf(address("2001:db8::1:2:3:4"), 64).text).toBe("2001:db8::/64");
    expect(prefixOf(address("2001:db8::1"), 128).text).toBe("2001:db8::1");
    expect(prefixOf(address("1.2.3.4"), 64).text).toBe("1.2.3.4");
    expect(() => prefixOf(address("::1"), 129)).toThrow(RangeError);
    expect(() => prefixOf(address("::1"), 1.5)).toThrow(RangeError);
  });
});

describe("isGlobal", () => {
  test.each([
    "0.0.0.0",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.1.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "::ffff:0:8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:20::1",
    "2001:db8::1",
    "2002::1",
    "fd00::1",
    "fe80::1",
    "ff02::1",
  ])("R3 %s is not global", (text) => {
    expect(isGlobal(address(text))).toBe(false);
  });

  test.each([
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.0",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.2.1",
    "198.20.0.0",
    "223.255.255.255",
    "::2",
    "64:ff9b::8.8.8.8",
    "64:ff9b:2::1",
    "100:0:0:1::1",
    "2001:4860::1",
    "2003::1",
    "fe00::1",
    "fec0::1",
  ])("R3 %s is global", (text) => {
    expect(isGlobal(address(text))).toBe(true);
  });
});
