import fc from "fast-check";
import { Reasons } from "../../src/bunkernet-server/reasons.js";
import { readVote, voteText } from "../../src/bunkernet-server/records.js";
import { VoteCounter, type Vote } from "../../src/bunkernet-server/vote-counter.js";

const REASONS = ["bad behavior", "dnsbl", "bunkernet", "unknown", "made up"];
const WEIGHTS = [1, 0.5, 0, 0.5, 0.5];
const WINDOW = 100;

const step = fc.record({
  wait: fc.integer({ min: 0, max: 40 }),
  voter: fc.integer({ min: 0, max: 5 }),
  ip: fc.integer({ min: 0, max: 3 }),
  reason: fc.integer({ min: 0, max: REASONS.length - 1 }),
  takenBack: fc.boolean(),
});

const tallyOf = (
  spared: ReadonlySet<string>,
  more: Partial<ConstructorParameters<typeof VoteCounter>[0]> = {},
): VoteCounter =>
  new VoteCounter({
    reasons: new Reasons(new Map()),
    minInstances: 2,
    window: WINDOW,
    maxVotes: 1000,
    maxVotesPerVoter: 1000,
    isExempt: (ip) => spared.has(ip),
    ...more,
  });

test("R30 the list is what a plain count of all votes makes of them", () => {
  const reasons = new Reasons(new Map());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.subarray(["8.0.0.0", "8.0.0.1"]), (steps, spared) => {
      const tally = tallyOf(new Set(spared));
      const log = new Map<string, { voter: number; ip: string; reason: number; at: number }[]>();
      let now = 0;
      for (const { wait, voter, ip: number, reason, takenBack } of steps) {
        now += wait * 1000;
        tally.expire(now);
        const ip = `8.0.0.${number}`;
        const key = `${voter} ${ip}`;
        const before = (log.get(key) ?? []).filter(
          (_one, _index, all) => now - (all.at(-1) as { at: number }).at < WINDOW * 1000,
        );
        if (takenBack) {
          tally.drop(String(voter), ip);
          log.delete(key);
        } else {
          const known = tally.find(String(voter), ip);
          tally.put({
            voter: String(voter),
            ip,
            reasons: (known?.reasons ?? 0) | reasons.bitOf(REASONS[reason]),
            first: known?.first ?? now,
            last: now,
            count: 1 + (known?.count ?? 0),
          });
          log.set(key, [...before, { voter, ip, reason, at: now }]);
        }
        const expected = new Set<string>();
        for (const candidate of ["8.0.0.0", "8.0.0.1", "8.0.0.2", "8.0.0.3"]) {
          const votes = [...log.values()].filter(
            (said) => said[0]?.ip === candidate && now - (said.at(-1)?.at ?? 0) < WINDOW * 1000,
          );
          const score = votes.reduce(
            (sum, said) => sum + Math.max(...said.map((one) => WEIGHTS[one.reason] as number)),
            0,
          );
          const firstHand = votes.some((said) =>
            said.some((one) => one.reason !== 1 && (WEIGHTS[one.reason] as number) > 0),
          );
          if (!spared.includes(candidate) && firstHand && score >= 2) expected.add(candidate);
        }
        expect(tally.listed).toEqual(expected);
      }
    }),
  );
});

test("R30 no voter holds more than its quota, and all together no more than there is room for", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 60 })), { maxLength: 200 }),
      (casts) => {
        const tally = tallyOf(new Set(), { maxVotes: 30, maxVotesPerVoter: 8 });
        const held = new Map<number, number>();
        let at = 0;
        for (const [voter, ip] of casts) {
          if (tally.find(String(voter), String(ip)) === undefined) {
            const displaced = tally.displacedBy(String(voter));
            if (displaced !== undefined) tally.drop(displaced.voter, displaced.ip);
          }
          tally.put({ voter: String(voter), ip: String(ip), reasons: 1, first: at, last: at++, count: 1 });
        }
        for (let voter = 0; voter <= 6; voter++)
          held.set(
            voter,
            Array.from({ length: 61 }, (_, ip) => tally.find(String(voter), String(ip))).filter(Boolean)
              .length,
          );
        expect(tally.votes).toBeLessThanOrEqual(30);
        expect([...held.values()].reduce((sum, count) => sum + count, 0)).toBe(tally.votes);
        for (const count of held.values()) expect(count).toBeLessThanOrEqual(8);
      },
    ),
  );
});

test("a vote reads back as it was written; damaged ones are left out", () => {
  const reasons = new Reasons(new Map([["my plugin", 1]]));
  const vote: Vote = {
    voter: "v",
    ip: "8.8.8.8",
    reasons: reasons.setOf(["my plugin", "dnsbl"]),
    first: 1,
    last: 2,
    count: 3,
  };
  expect(readVote("v", "8.8.8.8", voteText(vote, reasons), reasons)).toEqual(vote);
  for (const text of ["", "1|2|3", "x|2|3|dnsbl", "{}"])
    expect(readVote("v", "8.8.8.8", text, reasons)).toBeUndefined();
});
