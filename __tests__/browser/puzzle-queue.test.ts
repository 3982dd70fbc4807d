import fc from "fast-check";
import { createPuzzleQueue, type PuzzleQueue, type Slice } from "../../src/browser/puzzle-queue.js";

const TARGET = 2 ** 22;

const take = (queue: PuzzleQueue, size: number): Slice => {
  const slice = queue.take(size);
  if (!slice) throw new Error("nothing left");
  return slice;
};

describe("queue of puzzles", () => {
  test("writes the nonces in the puzzles' order as eight digits each", () => {
    const queue = createPuzzleQueue({ count: 3, target: TARGET });
    const slices = [take(queue, 16), take(queue, 16), take(queue, 16)];
    expect(slices.map(({ index }) => index)).toEqual([0, 1, 2]);
    queue.give(slices[2]!, 15);
    queue.give(slices[0]!, 0);
    expect(queue.solution()).toBeUndefined();
    queue.give(slices[1]!, 10);
    expect(queue.solution()).toBe("000000000000000a0000000f");
  });

  test("keeps the first nonce when two solvers find one", () => {
    const queue = createPuzzleQueue({ count: 1, target: TARGET });
    const [first, second] = [take(queue, 16), take(queue, 16)];
    queue.give(second, 20);
    queue.give(first, 3);
    expect(queue.solution()).toBe("00000014");
    expect(queue.take(1)).toBeUndefined();
  });

  test("lets idle solvers help with the unsolved puzzle that has the fewest", () => {
    const queue = createPuzzleQueue({ count: 2, target: TARGET });
    expect(take(queue, 8)).toEqual({ index: 0, from: 0, count: 8 });
    expect(take(queue, 8)).toEqual({ index: 1, from: 0, count: 8 });
    const third = take(queue, 8);
    expect(third).toEqual({ index: 0, from: 8, count: 8 });
    queue.give(third, 9);
    expect(take(queue, 8)).toEqual({ index: 1, from: 8, count: 8 });
  });

  test("hands out no nonce beyond 32 bits", () => {
    const queue = createPuzzleQueue({ count: 1, target: TARGET });
    expect(queue.take(2 ** 32 + 1)).toBeUndefined();
    expect(queue.take(2 ** 32 - 1)).toEqual({ index: 0, from: 0, count: 2 ** 32 - 1 });
    expect(queue.take(1)).toEqual({ index: 0, from: 2 ** 32 - 1, count: 1 });
    expect(queue.take(1)).toBeUndefined();
  });

  test("never hands out a nonce twice, and its share only grows, to 1 at the very end", () => {
    // Each step takes a slice, or gives back one of those that are out, with or without a find.
    const step = fc.record({
      take: fc.boolean(),
      size: fc.integer({ min: 1, max: 1_000 }),
      pick: fc.nat(),
      found: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 80 }), (count, steps) => {
        const queue = createPuzzleQueue({ count, target: TARGET });
        const out: Slice[] = [];
        const next = Array.from({ length: count }, () => 0);
        let share = queue.share();
        expect(share).toBe(0);
        for (const { take, size, pick, found } of steps) {
          const slice = take ? queue.take(size) : undefined;
          if (slice) {
            expect(slice.from).toBe(next[slice.index]);
            next[slice.index] = slice.from + slice.count;
            out.push(slice);
          } else if (out.length > 0) {
            const [given] = out.splice(pick % out.length, 1) as [Slice];
            queue.give(given, found ? given.from : -1);
          }
          expect(queue.share()).toBeGreaterThanOrEqual(share);
          share = queue.share();
          expect(share === 1).toBe(queue.solution() !== undefined);
        }
      }),
    );
  });
});
