import fc from "fast-check";
import {
  parseRange,
  prefixOf,
  rangeContains,
  type Address,
  type AddressRange,
} from "../../src/address/address.js";
import { BanCopies } from "../../src/bans/ban-copies.js";
import { NONE } from "../../src/bans/ban-table.js";
import { decodeBan, encodeBan, kindOf, readHead, type BanKind } from "../../src/bans/ban.js";

// Nested and neighbouring subjects of both families.
const SUBJECTS = [
  ...["9.9.9.9", "9.9.9.8", "9.9.9.0/24", "9.9.0.0/16", "9.0.0.0/8", "8.8.8.8", "0.0.0.0/0"],
  ...[
    "2001:db8::/64",
    "2001:db8::1",
    "2001:db8::2",
    "2001:db8:0:1::/64",
    "2001:db8::/56",
    "2001:db8::/48",
    "::/0",
  ],
].map((text) => parseRange(text) as AddressRange);
const CLIENTS = [
  "9.9.9.9",
  "9.9.9.7",
  "9.9.1.1",
  "8.8.8.8",
  "7.7.7.7",
  "2001:db8::1",
  "2001:db8::3",
  "2001:db8:0:1::5",
  "2a00::1",
].map((text) => (parseRange(text) as AddressRange).address);
const SERVICES = [undefined, "a.test", "b.test"] as const;
const RETENTION = 100;

interface Known {
  readonly range: AddressRange;
  readonly service: string | undefined;
  action: "deny" | "challenge";
  reason: string;
  began: number;
  ends: number;
  voidUntil: number;
}

/** The bans in a plain list: the long way. */
class Model {
  readonly bans: Known[] = [];

  at(range: AddressRange, service: string | undefined): Known | undefined {
    return this.bans.find((ban) => ban.range === range && ban.service === service);
  }

  /** The bans that apply to a client; with `issued`, those that void a pass of that time. */
  applying(client: Address, service: string | undefined, now: number, issued: number): Known[] {
    return this.bans.filter(
      (ban) =>
        rangeContains(ban.range, client) &&
        (ban.service === undefined || ban.service === service) &&
        (Number.isNaN(issued) ? now < ban.ends : issued < ban.began && now < ban.voidUntil),
    );
  }
}

const subject = fc.constantFrom(...SUBJECTS);
const service = fc.constantFrom(...SERVICES);
const step = fc.oneof(
  fc.record({
    do: fc.constant("ban" as const),
    subject,
    service,
    ttl: fc.constantFrom(1, 10, 100, Infinity),
    action: fc.constantFrom("deny" as const, "challenge" as const),
    reason: fc.constantFrom("manual", "bad behavior", "x".repeat(300)),
  }),
  fc.record({ do: fc.constantFrom("end" as const, "remove" as const, "hold" as const), subject, service }),
  fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(1, 9, 60, 150) }),
);

test("the table of bans finds what a search of a plain list finds, whatever happened before", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const copies = new BanCopies();
      const model = new Model();
      let now = 1_000_000;
      copies.now = () => now;
      for (const one of steps) {
        now++;
        if (one.do === "wait") now += one.seconds * 1000;
        else if (one.do === "ban") {
          const ends = now + one.ttl * 1000;
          const times = { began: now, ends, voidUntil: ends + RETENTION * 1000 };
          const copy = { ...times, kind: "single" as const, action: one.action, reason: one.reason };
          copies.write(one.subject, one.service, copy, copies.rowOf(one.subject, one.service), now);
          const known = model.at(one.subject, one.service);
          if (known === undefined) model.bans.push({ range: one.subject, service: one.service, ...copy });
          else Object.assign(known, copy);
        } else apply(copies, model, one, now);
        for (const client of CLIENTS) for (const at of SERVICES) compare(copies, model, { client, at }, now);
      }
    }),
    { numRuns: 100 },
  );
});

function apply(
  copies: BanCopies,
  model: Model,
  {
    do: what,
    subject: range,
    service: at,
  }: { do: "end" | "remove" | "hold"; subject: AddressRange; service: string | undefined },
  now: number,
): void {
  const row = copies.rowOf(range, at);
  const known = model.at(range, at);
  if (row === NONE) {
    // Only what is of no use any more may have been swept away.
    expect(known === undefined || now >= known.voidUntil).toBe(true);
    return;
  }
  if (known === undefined) throw new Error("the table knows a ban that was removed");
  if (what === "remove") {
    copies.remove(row);
    model.bans.splice(model.bans.indexOf(known), 1);
  } else if (what === "hold") {
    copies.hold(row, 5);
    known.ends = known.voidUntil = Math.min(known.ends, now + 5000);
  } else {
    copies.end(row, RETENTION);
    if (known.ends > now) known.voidUntil = now + RETENTION * 1000;
    known.ends = Math.min(known.ends, now);
  }
}

function compare(
  copies: BanCopies,
  model: Model,
  { client, at }: { client: Address; at: string | undefined },
  now: number,
): void {
  const key = client.family === 4 ? client.text : prefixOf(client, 64).text;
  const applying = model.applying(client, at, now, NaN);
  const row = copies.search(client, key, at, NaN);
  expect(row === NONE).toBe(applying.length === 0);
  if (row !== NONE) {
    const found = copies.describe(row);
    const match = applying.find(
      ({ range, service: scope }) => range.text === found.range.text && scope === found.service,
    );
    expect(match).toBeDefined();
    // A service's own ban of the same subject comes first.
    const own = applying.find(({ range, service: scope }) => range === match?.range && scope === at);
    expect(found.service).toBe(own === undefined ? undefined : at);
    expect([found.action, found.began, found.ends]).toEqual([match?.action, match?.began, match?.ends]);
    if (found.reason !== undefined) expect(found.reason).toBe(match?.reason);
  }
  for (const issued of [now - 50_000, now - 1]) {
    const voided = model.applying(client, at, now, issued).length > 0;
    expect(copies.search(client, key, at, issued) !== NONE).toBe(voided);
  }
}

const kind = fc.constantFrom<BanKind>("single", "automatic", "merged");
const ban = fc.record({
  reason: fc.oneof(fc.constantFrom("manual", "bad behavior"), fc.string({ unit: "binary", maxLength: 20 })),
  scope: fc.constantFrom("service" as const, "global" as const),
  service: fc.oneof(fc.constantFrom("a.test", "b.test"), fc.string({ unit: "binary", maxLength: 20 })),
  date: fc.integer({ min: 0, max: 4_000_000_000_000 }).map((ms) => new Date(ms)),
  expires: fc.constantFrom(null, new Date(5_000_000_000_000)),
  data: fc.oneof(fc.constant({}), fc.jsonValue({ maxDepth: 2 })),
  action: fc.constantFrom("deny" as const, "challenge" as const),
});

test("the quick reading of stored bans equals parsing them, in any order, other texts included", () => {
  const stored = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(ban, kind).map(([one, of]) => encodeBan({ ip: "9.9.9.9", ...one }, of)),
    },
    { weight: 1, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  );
  // Twice in a row: the second one is compared with the frame of the first.
  const texts = fc.array(stored, { maxLength: 30 }).map((all) => all.flatMap((text) => [text, text]));
  fc.assert(
    fc.property(texts, (all) => {
      for (const text of all) {
        const { reason, date, action } = decodeBan("ban:9.9.9.9", text, 0);
        const head = readHead(text);
        expect(head).toEqual({ reason, date: head.date, action, kind: kindOf(text) });
        expect(Math.trunc(head.date)).toBe(date.getTime());
      }
    }),
    { numRuns: 200 },
  );
});
