import fc from "fast-check";
import { parseProxyHeader } from "../../src/connections/proxy-header.js";
import { proxyV1, proxyV2 } from "./proxy-bytes.js";

const V2_SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

const headers = fc.oneof(
  fc
    .tuple(fc.ipV4(), fc.ipV4(), fc.nat(65_535), fc.nat(65_535))
    .map(([from, to, a, b]) => Buffer.from(`PROXY TCP4 ${from} ${to} ${a} ${b}\r\n`)),
  fc.constant(Buffer.from("PROXY UNKNOWN ffff:: ffff:: 65535 65535\r\n")),
  fc
    .tuple(fc.ipV4(), fc.nat(65_535), fc.uint8Array({ maxLength: 300 }))
    .map(([from, port, tlv]) => proxyV2(from, port, { tlv: Buffer.from(tlv) })),
  fc
    .tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ maxLength: 200 }), fc.boolean())
    .map(([fixed, rest, v2]) => Buffer.concat([v2 ? V2_SIGNATURE : Buffer.from("PROXY "), fixed, rest])),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

test("version 1: the source of TCP4 and TCP6, and none of UNKNOWN", () => {
  expect(parseProxyHeader(Buffer.from(proxyV1("8.8.8.8", 4000) + "rest"))).toEqual({
    state: "done",
    length: proxyV1("8.8.8.8", 4000).length,
    source: { address: "8.8.8.8", family: "IPv4", port: 4000 },
  });
  expect(parseProxyHeader(Buffer.from(proxyV1("2001:db8::1", 0)))).toMatchObject({
    source: { address: "2001:db8::1", family: "IPv6", port: 0 },
  });
  expect(parseProxyHeader(Buffer.from("PROXY UNKNOWN\r\n"))).toEqual({
    state: "done",
    length: 15,
    source: undefined,
  });
});

test("version 2: the source of TCP over IPv4 and IPv6, behind extensions too, and none of LOCAL, UDP and unix sockets", () => {
  expect(parseProxyHeader(proxyV2("8.8.8.8", 4000))).toEqual({
    state: "done",
    length: 28,
    source: { address: "8.8.8.8", family: "IPv4", port: 4000 },
  });
  expect(parseProxyHeader(proxyV2("2001:db8::1", 443, { tlv: Buffer.alloc(40) }))).toEqual({
    state: "done",
    length: 16 + 36 + 40,
    source: { address: "2001:db8::1", family: "IPv6", port: 443 },
  });
  for (const different of [{ command: 0x20 }, { family: 0x12 }, { family: 0x31 }, { family: 0 }])
    expect(parseProxyHeader(proxyV2("8.8.8.8", 1, different))).toMatchObject({
      state: "done",
      source: undefined,
    });
});

test.each([
  ["GET / HTTP/1.1\r\n", "no PROXY header"],
  ["PROXY TCP4 8.8.8.8 1.1.1.1 1 2\n", "CR"],
  ["PROXY TCP4 8.8.8.8 1.1.1.1 1\r\n", "ports"],
  ["PROXY TCP4 8.8.8.8 1.1.1.1 1 65536\r\n", "ports"],
  ["PROXY TCP4 8.8.8.8 1.1.1.1 01 2\r\n", "ports"],
  ["PROXY TCP4 8.8.8.8 1.1.1.1 1 2 3\r\n", "ports"],
  ["PROXY TCP4 08.8.8.8 1.1.1.1 1 2\r\n", "address"],
  ["PROXY TCP4  8.8.8.8 1.1.1.1 1 2\r\n", "address"],
  ["PROXY TCP6 8.8.8.8 1.1.1.1 1 2\r\n", "address"],
  ["PROXY TCP6 fe80::1%lo ::1 1 2\r\n", "address"],
  ["PROXY UDP4 8.8.8.8 1.1.1.1 1 2\r\n", "family"],
  [`PROXY UNKNOWN ${"x".repeat(100)}\r\n`, "107"],
])("version 1: %j is refused", (text, problem) => {
  expect(parseProxyHeader(Buffer.from(text))).toEqual({
    state: "bad",
    problem: expect.stringContaining(problem) as string,
  });
});

test("version 2: unknown versions and commands, short addresses and long headers are refused", () => {
  const header = proxyV2("8.8.8.8", 1);
  for (const [at, value, problem] of [
    [12, 0x11, "version"],
    [12, 0x22, "command"],
    [15, 11, "short"],
    [14, 0xff, "4096"],
  ] as const) {
    const changed = Buffer.from(header);
    changed[at] = value;
    expect(parseProxyHeader(changed)).toEqual({
      state: "bad",
      problem: expect.stringContaining(problem) as string,
    });
  }
});

test("whatever the bytes, nothing throws, and the first answer but `more` is that of the whole, however it is cut", () => {
  fc.assert(
    fc.property(headers, fc.uint8Array({ maxLength: 20 }), (header, behind) => {
      const whole = Buffer.concat([header, behind]);
      const answer = parseProxyHeader(whole);
      for (let length = 0; length < whole.length; length++) {
        const early = parseProxyHeader(whole.subarray(0, length));
        if (early.state === "more") continue;
        expect(early).toEqual(answer);
        if (early.state === "done") expect(early.length).toBeLessThanOrEqual(length);
        return;
      }
    }),
    { numRuns: 1000 },
  );
});

test("a header is whole or refused after 4112 bytes at most", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(V2_SIGNATURE, Buffer.from("PROXY TCP4 ")),
      fc.uint8Array({ minLength: 4112, maxLength: 4200 }),
      (start, rest) => {
        expect(parseProxyHeader(Buffer.concat([start, rest])).state).not.toBe("more");
      },
    ),
  );
});
