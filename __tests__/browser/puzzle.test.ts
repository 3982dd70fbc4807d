import { createHash } from "node:crypto";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { createSearch, type Search } from "../../src/browser/sha256-puzzle.js";
import { unrolledSearch } from "../../src/browser/unrolled-search.js";

// Evaluated elsewhere, as workers do: nothing of this module may be missing there.
const inWorkers = runInNewContext(`(${unrolledSearch()})`) as Search;
const word = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const seeds = fc.array(word, { minLength: 8, maxLength: 8 }).map((words) => Int32Array.from(words));
const indexes = fc.integer({ min: 0, max: 0xffffffff });

/** The first word of SHA-256(seed ‖ index ‖ nonce), as Node's own implementation sees it. */
function firstWord(seed: Int32Array, index: number, nonce: number): number {
  const message = Buffer.alloc(40);
  seed.forEach((value, i) => message.writeInt32BE(value, i * 4));
  message.writeUInt32BE(index, 32);
  message.writeUInt32BE(nonce, 36);
  return createHash("sha256").update(message).digest().readUInt32BE(0);
}

describe.each([
  ["in workers", inWorkers],
  ["on the main thread", createSearch()],
])("search for a nonce %s", (_where, search) => {
  test("knows the first word of any hash to the last bit", () => {
    fc.assert(
      fc.property(seeds, indexes, indexes, (seed, index, nonce) => {
        const value = firstWord(seed, index, nonce);
        // A hash is below its value plus one and not below its value: both together pin all 32 bits.
        if (value < 0xffffffff) expect(search(seed, index, nonce, 1, value + 1)).toBe(nonce);
        expect(search(seed, index, nonce, 1, value)).toBe(-1);
      }),
      { numRuns: 2_000 },
    );
  });

  test("finds the first nonce that solves, skipping none", () => {
    fc.assert(
      fc.property(seeds, indexes, fc.integer({ min: 0, max: 0xffff0000 }), (seed, index, from) => {
        const target = 2 ** 32 / 50;
        let expected = -1;
        for (let nonce = from; nonce < from + 200 && expected < 0; nonce++) {
          if (firstWord(seed, index, nonce) < target) expected = nonce;
        }
        expect(search(seed, index, from, 200, target)).toBe(expected);
      }),
      { numRuns: 200 },
    );
  });

  test("searches up to the last nonce of all and no further", () => {
    const seed = new Int32Array(8);
    const last = 0xffffffff;
    expect(search(seed, 0, last, 1, firstWord(seed, 0, last) + 1)).toBe(last);
    expect(search(seed, 0, last, 0, 0xffffffff)).toBe(-1);
  });

  test("is true to Node's own hash where it says that it found one", () => {
    const seed = Int32Array.from([1, -2, 3, -4, 5, -6, 7, -8]);
    const nonce = search(seed, 7, 0, 100_000, 2 ** 20);
    expect(nonce).toBeGreaterThan(0);
    expect(firstWord(seed, 7, nonce)).toBeLessThan(2 ** 20);
  });
});
