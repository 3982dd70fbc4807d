import fc from "fast-check";
import { parseAddress, type Address } from "../../src/address/address.js";
import { ConfirmedNames } from "../../src/dns/confirmed-names.js";
import { DnsClient } from "../../src/dns/dns-client.js";
import { reverseName } from "../../src/dns/reverse-name.js";
import { resolverCheck, type DnsResolver } from "../../src/dns/resolver-option.js";
import { freePort } from "../support/server-process.js";
import { startHostile, type HostileServer } from "../dnsbl/hostile-server.js";
import { Clock } from "../support/clock.js";

const address = (text: string): Address => parseAddress(text) as Address;

function fail(code: string): Promise<never> {
  return Promise.reject(Object.assign(new Error(code), { code }));
}

function fake(parts: Partial<DnsResolver>): DnsResolver {
  const none = (): Promise<never> => fail("ENOTFOUND");
  return { resolve4: none, resolve6: none, resolveTxt: none, reverse: none, ...parts };
}

let server: HostileServer;
beforeAll(async () => {
  server = await startHostile();
});
afterAll(() => server.close());

describe("names of addresses", () => {
  test("RFC 5782's own examples", () => {
    expect(reverseName(address("192.0.2.99"))).toBe("99.2.0.192");
    expect(reverseName(address("2001:db8:1:2:3:4:567:89ab"))).toBe(
      "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2",
    );
  });

  test("every IPv6 address has 32 nibbles, which read backwards are the address", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const parsed = address(text);
        if (parsed.family !== 6) return;
        const nibbles = reverseName(parsed).split(".");
        expect(nibbles).toHaveLength(32);
        const hex = nibbles.reverse().join("");
        expect(address((hex.match(/.{4}/g) as string[]).join(":")).text).toBe(parsed.text);
      }),
    );
  });
});

describe("asking", () => {
  test.each([
    [{ a: ["127.0.0.2"] }, { kind: "found", values: ["127.0.0.2"] }],
    [{ rcode: 3 }, { kind: "absent", why: "nxdomain" }],
    [{ rcode: 0 }, { kind: "absent", why: "nodata" }],
    [{ rcode: 2 }, { kind: "failed", why: "servfail" }],
    [{ rcode: 5 }, { kind: "failed", why: "refused" }],
    ["silence", { kind: "failed", why: "timeout" }],
    ["garbage", { kind: "failed" }],
    ["truncated", { kind: "failed" }],
    ["other id", { kind: "failed", why: "timeout" }],
    ["other question", { kind: "failed", why: "timeout" }],
    ["twice", { kind: "found", values: ["127.0.0.2"] }],
  ] as const)("%j is told apart", async (reply, expected) => {
    server.answer = () => reply;
    const dns = new DnsClient({ resolver: { servers: [server.server] }, deadline: 200 });
    expect(await dns.resolve4("any.test")).toMatchObject(expected);
    dns.cancel();
  });

  test("a server that is not there", async () => {
    const dns = new DnsClient({ resolver: { servers: [`127.0.0.1:${await freePort()}`] }, deadline: 500 });
    expect(await dns.resolve4("any.test")).toMatchObject({ kind: "failed" });
  });

  test("equal questions under way are asked once; R33 more than the cap are shed, and counted", async () => {
    let asked = 0;
    let answer: (values: string[]) => void = () => undefined;
    const answering = new Promise<string[]>((resolve) => (answer = resolve));
    const resolver = fake({ resolve4: () => (asked++, answering) });
    const dns = new DnsClient({ resolver, maxInFlight: 2 });
    const first = [dns.resolve4("a.test"), dns.resolve4("a.test"), dns.resolve4("b.test")];
    expect(await dns.resolve4("c.test")).toEqual({ kind: "failed", why: "shed" });
    answer(["127.0.0.2"]);
    expect(await Promise.all(first)).toEqual(Array(3).fill({ kind: "found", values: ["127.0.0.2"] }));
    expect([asked, dns.asked, dns.shed, dns.inFlight]).toEqual([2, 2, 1, 0]);
  });

  test("a resolver of the app's own may throw, hang or answer nonsense: nothing rejects", async () => {
    const dns = new DnsClient({
      deadline: 20,
      resolver: fake({
        resolve4: () => {
          throw new Error("thrown");
        },
        resolve6: () => new Promise(() => undefined),
        reverse: () => Promise.resolve("nonsense" as never),
        resolveTxt: () => Promise.resolve([["one ", "text"]]),
      }),
    });
    expect(await dns.resolve4("a.test")).toEqual({ kind: "failed", why: "failed" });
    expect(await dns.resolve6("a.test")).toEqual({ kind: "failed", why: "timeout" });
    expect(await dns.reverse("9.9.9.9")).toEqual({ kind: "failed", why: "bad answer" });
    expect(await dns.resolveTxt("a.test")).toEqual({ kind: "found", values: ["one text"] });
    expect(dns.inFlight).toBe(0);
  });

  test("the resolver option takes servers and objects, and refuses the rest at start", () => {
    const problems: unknown[] = [];
    const read = (value: unknown): unknown =>
      resolverCheck.read(value, "resolver", (problem) => problems.push(problem));
    expect(read({ servers: ["127.0.0.1:5353", "[::1]:53"] })).toEqual({
      servers: ["127.0.0.1:5353", "[::1]:53"],
    });
    expect(read({})).toEqual({});
    expect(problems).toEqual([]);
    for (const wrong of [
      { servers: ["localhost"] },
      { servers: [] },
      { server: ["1.1.1.1"] },
      "1.1.1.1",
      null,
    ])
      expect(read(wrong)).toBeUndefined();
    expect(problems).toHaveLength(5);
  });
});

test("a server that is not there is no answer, not an address without names", async () => {
  const dns = new DnsClient({ resolver: { servers: [`127.0.0.1:${await freePort()}`] }, deadline: 2000 });
  expect(await dns.reverse("9.9.9.9")).toMatchObject({ kind: "failed" });
  expect(await dns.reverse("2a00:1234::1")).toMatchObject({ kind: "failed" });
  expect(await dns.reverse("no address")).toMatchObject({ kind: "failed" });
});

describe("confirmed names", () => {
  test("only names that resolve to the very address count, IPv6 in any spelling", async () => {
    const resolver = fake({
      reverse: (ip) => Promise.resolve(ip.includes(":") ? ["six.test"] : ["Good.Test.", "liar.test"]),
      resolve4: (name) => Promise.resolve([name === "good.test" ? "9.9.9.9" : "1.1.1.1"]),
      resolve6: () => Promise.resolve(["2a00:1234:0:0:0:0:0:1"]),
    });
    const names = new ConfirmedNames(new DnsClient({ resolver }), Date.now);
    expect(await names.of(address("9.9.9.9"))).toEqual({ kind: "names", names: ["good.test"] });
    expect(await names.of(address("2a00:1234::1"))).toEqual({ kind: "names", names: ["six.test"] });
  });

  test("answers are kept an hour, failures a minute", async () => {
    const clock = new Clock();
    let asked = 0;
    const resolver = fake({ reverse: () => (asked++, fail(asked === 1 ? "ESERVFAIL" : "ENOTFOUND")) });
    const names = new ConfirmedNames(new DnsClient({ resolver }), clock.now);
    const of = (): Promise<unknown> => names.of(address("9.9.9.9"));
    expect([await of(), await of(), asked]).toEqual([{ kind: "failed" }, { kind: "failed" }, 1]);
    clock.advance(61);
    expect([await of(), await of(), asked]).toEqual([
      { kind: "names", names: [] },
      { kind: "names", names: [] },
      2,
    ]);
    clock.advance(3601);
    await of();
    expect(asked).toBe(3);
  });
});
