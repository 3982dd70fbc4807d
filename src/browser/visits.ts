/** After this many solved challenges within this time, another challenge means that this browser does not keep the pass. */
const MAX_SOLVED = 3;
const WITHIN_MS = 60_000;
const KEY = "bunker-solved";

/** When this tab solved its last challenges, in ms since 1970; empty if the browser stores nothing for us. */
function solvedAt(): number[] {
  try {
    const times = JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as number[];
    return times.filter((time) => Date.now() - time < WITHIN_MS);
  } catch {
    return [];
  }
}

/**
 * Whether this tab has solved one challenge after the other and got another one: its cookies do not last, and solving more
 * would loop.
 */
export const isLooping = (): boolean => solvedAt().length >= MAX_SOLVED;

/** Records that this tab solved a challenge. */
export function rememberSolved(): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...solvedAt(), Date.now()]));
  } catch {
    // Storage is switched off or full: loops go unnoticed.
  }
}
