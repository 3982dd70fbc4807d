/** The puzzles of a challenge, as the server states them. */
export interface Puzzles {
  /** 32 bytes in hexadecimal digits. */
  seed: string;
  /** How many puzzles. */
  count: number;
  /** What the first word of each hash must be below: takes `2^32 / target` tries on average. */
  target: number;
}

/** `count` nonces of the puzzle with the number `index`, for one solver to try. */
export interface Slice {
  index: number;
  from: number;
  count: number;
}

/** The puzzles of one challenge, shared out in slices among any number of solvers. */
export interface PuzzleQueue {
  /**
   * Hands out `size` untried nonces of the unsolved puzzle with the fewest solvers, if any are left: idle solvers help with
   * the last puzzles, and nobody waits for the slice of a solver that died.
   */
  take(size: number): Slice | undefined;
  /** Takes back a slice with the nonce that was found in it, or with −1. */
  give(slice: Slice, nonce: number): void;
  /** How much of the expected work is done, 0 … 1; never falls, and is 1 only when all puzzles are solved. */
  share(): number;
  /** The nonces in order, each as eight lower-case hexadecimal digits; `undefined` while a puzzle is unsolved. */
  solution(): string | undefined;
}

const NONCES = 0x100000000;

export function createPuzzleQueue({ count, target }: Pick<Puzzles, "count" | "target">): PuzzleQueue {
  const puzzles = Array.from({ length: count }, () => ({ next: 0, solvers: 0, nonce: -1 }));
  let unsolved = count;
  let tried = 0;

  return {
    take(size) {
      let best = -1;
      puzzles.forEach((puzzle, index) => {
        if (puzzle.nonce >= 0 || puzzle.next + size > NONCES) return;
        if (best < 0 || puzzle.solvers < (puzzles[best] as (typeof puzzles)[0]).solvers) best = index;
      });
      const puzzle = puzzles[best];
      if (!puzzle) return undefined;
      const slice = { index: best, from: puzzle.next, count: size };
      puzzle.next += size;
      puzzle.solvers++;
      return slice;
    },
    give(slice, nonce) {
      const puzzle = puzzles[slice.index];
      if (!puzzle) return;
      puzzle.solvers--;
      tried += nonce < 0 ? slice.count : nonce - slice.from + 1;
      if (nonce < 0 || puzzle.nonce >= 0) return;
      puzzle.nonce = nonce;
      unsolved--;
    },
    // The search has no memory: an unsolved puzzle takes as long again, however long it was searched already.
    share: () => (unsolved ? tried / (tried + (unsolved * NONCES) / target) : 1),
    solution: () =>
      unsolved ? undefined : puzzles.map(({ nonce }) => (NONCES + nonce).toString(16).slice(1)).join(""),
  };
}
