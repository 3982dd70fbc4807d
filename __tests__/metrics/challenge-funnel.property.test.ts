import fc from "fast-check";
import { ChallengeFunnel } from "../../src/metrics/challenge-funnel.js";
import { LabelLimit } from "../../src/label-limit.js";

const LIFETIME = 60_000;

/** A challenge: when it is issued, on which of two instances, and when and where it is answered, if it is. */
const challenge = fc.record({
  issued: fc.integer({ min: 0, max: 600_000 }),
  on: fc.constantFrom(0, 1),
  answer: fc.option(fc.record({ after: fc.integer({ min: 0, max: LIFETIME }), on: fc.constantFrom(0, 1) })),
});

test("over all instances, every challenge is answered or abandoned in the end, and no counter ever falls", () => {
  fc.assert(
    fc.property(fc.array(challenge, { maxLength: 60 }), fc.boolean(), (challenges, alone) => {
      const funnels = [0, 1].map(() => new ChallengeFunnel(new LabelLimit(4)));
      const steps = challenges.flatMap(({ issued, on, answer }) => [
        { time: issued, run: () => funnels[alone ? 0 : on]!.issued("k", issued, LIFETIME) },
        ...(answer === null
          ? []
          : [
              {
                time: issued + answer.after,
                run: () => funnels[alone ? 0 : answer.on]!.answered("k", issued),
              },
            ]),
      ]);
      const told = [0, 0];
      for (const { time, run } of steps.sort((a, b) => a.time - b.time)) {
        run();
        for (const [index, funnel] of funnels.entries()) {
          const [abandoned] = funnel.samples(time).abandoned;
          expect(abandoned?.value ?? 0).toBeGreaterThanOrEqual(told[index]!);
          told[index] = abandoned?.value ?? 0;
        }
      }
      const end = 600_000 + 3 * LIFETIME;
      const total = (of: "issued" | "abandoned" | "open"): number =>
        funnels.reduce((sum, funnel) => sum + (funnel.samples(end)[of][0]?.value ?? 0), 0);
      const answered = challenges.filter(({ answer }) => answer !== null).length;
      expect(total("issued")).toBe(challenges.length);
      expect(total("open")).toBe(0);
      if (alone) expect(total("abandoned")).toBe(challenges.length - answered);
      else expect(total("abandoned")).toBeGreaterThanOrEqual(challenges.length - answered);
    }),
  );
});

test("a million challenges over a year take no more memory than some hundred", () => {
  const funnel = new ChallengeFunnel(new LabelLimit(4));
  for (let i = 0; i < 1_000_000; i++) funnel.issued("k", i * 31_536, LIFETIME);
  const kinds = (funnel as unknown as { kinds: Map<string, { open: Map<number, number> }> }).kinds;
  expect(kinds.get("k")!.open.size).toBeLessThan(20);
});
