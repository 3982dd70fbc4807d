/** The puzzles of a challenge, as the server states them. */
export interface Puzzles {
  /** 32 bytes in hexadecimal digits. */
  seed: string;
  /** How many puzzles. */
  count: number;
  /** What the first word of each hash must be below: takes `2^32 / target` tries on average. */
  target: number;
}

/** A range of nonces of one puzzle, for one solver to try. */
export interface Slice {
  /** Number of the puzzle. */
  index: number;
  /** First nonce. */
  from: number;
  /** How many nonces. */
  count: number;
}

/** The puzzles of one challenge, shared out in slices among any number of solvers. */
export interface PuzzleQueue {
  /**
   * Hands out `size` untried nonces of the unsolved puzzle that the fewest solvers are busy with. Idle solvers thus help
   * with the last puzzles, and a solver that dies leaves no gap: nobody waits for its slice.
   * @returns `undefined` when there is nothing left to try.
   */
  take(size: number): Slice | undefined;
  /** Takes back a slice with the nonce that was found in it, or with −1. */
  give(slice: Slice, nonce: number): void;
  /** How much of the expected work is done, 0 … 1; never falls, and is 1 only when all puzzles are solved. */
  share(): number;
  /** The nonces in order, each as eight lower-case hexadecimal digits; `undefined` while a puzzle is unsolved. */
  solution(): string | undefined;
}

interface Puzzle {
  next: number;
  solvers: number;
  nonce: number;
}

const NONCES = 0x100000000;

/** Makes the queue of a challenge's puzzles. */
export function createPuzzleQueue({ count, target }: Pick<Puzzles, "count" | "target">): PuzzleQueue {
  const puzzles: Puzzle[] = [];
  for (let i = 0; i < count; i++) puzzles.push({ next: 0, solvers: 0, nonce: -1 });
  let unsolved = count;
  let tried = 0;

  return {
    take(size) {
      let best = -1;
      puzzles.forEach((puzzle, index) => {
        if (puzzle.nonce >= 0 || puzzle.next + size > NONCES) return;
        if (best < 0 || puzzle.solvers < (puzzles[best] as Puzzle).solvers) best = index;
      });
      const puzzle = puzzles[best];
      if (!puzzle) return undefined;
      const slice = { index: best, from: puzzle.next, count: size };
      puzzle.next += size;
      puzzle.solvers++;
      return slice;
    },
    give(slice, nonce) {
      const puzzle = puzzles[slice.index] as Puzzle;
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
