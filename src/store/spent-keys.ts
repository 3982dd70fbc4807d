/** Marks the key of a challenge that was used up before its solution was looked at. */
const GUESS = "|guess|";

/**
 * The store's key of a challenge that was used up. It starts with the client that the challenge was issued to.
 *
 * @param spend whether it was used up before or after its solution was verified: a guess costs nothing, a proof of work does
 */
export function spentKey(holder: string, id: string, spend: "before" | "after"): string {
  return `spent:${holder}${spend === "before" ? GUESS : "|"}${id}`;
}

/** Whether a key, with or without its namespace, is that of a guess. */
export function isGuess(key: string): boolean {
  return key.includes(GUESS);
}

/** The budget of guesses, beside a budget of `maxKeys` for proofs. */
export function guessBudget(maxKeys: number): number {
  return Math.max(1, Math.floor(maxKeys / 2));
}
