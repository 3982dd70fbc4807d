import fc from "fast-check";
import { editDistance, nearestName } from "../../src/options/table.js";

/** The long way: the distance to every name. */
function nearestOfAll(name: string, names: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(name.length / 3));
  let best: { name: string; distance: number } | undefined;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase().slice(0, 64), candidate.toLowerCase());
    if (distance <= limit && (best === undefined || distance < best.distance))
      best = { name: candidate, distance };
  }
  return best?.name;
}

test("the nearest name is that of a comparison with every name", () => {
  // Few letters, so that names are near each other; some change their length when they become lower case.
  const name = fc.string({ unit: fc.constantFrom("a", "A", "b", "_", "İ", "ß"), maxLength: 80 });
  fc.assert(
    fc.property(name, fc.array(name, { maxLength: 8 }), (wanted, names) => {
      expect(nearestName(wanted, names)).toBe(nearestOfAll(wanted, names));
    }),
    { numRuns: 500 },
  );
});
