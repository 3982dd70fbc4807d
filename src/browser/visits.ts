/** So many solved challenges within so short a time, and still a challenge: the pass does not stick in this browser. */
const MOST_SOLVED = 3;
const WITHIN_MS = 60_000;
const KEY = "bunker-solved";

/** When this tab solved its last challenges, in ms since 1970; none where the browser keeps nothing for us. */
function solvedAt(): number[] {
  try {
    const times = JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as number[];
    return times.filter((time) => Date.now() - time < WITHIN_MS);
  } catch {
    return [];
  }
}

/**
 * Whether this tab has solved one challenge after the other and is asked again: its cookies do not last, and solving on
 * would send it round in circles.
 */
export const isGoingRound = (): boolean => solvedAt().length >= MOST_SOLVED;

/** Notes that this tab solved a challenge. */
export function rememberSolved(): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...solvedAt(), Date.now()]));
  } catch {
    // Storage is switched off or full: then nobody counts.
  }
}
