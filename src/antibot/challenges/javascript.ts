import { safePath } from "../destination.js";
import { noscriptNotice } from "../challenge-page.js";
import { hash, randomBytes } from "node:crypto";
import { escapeHtml } from "../../pages/page.js";
import { challengeScript } from "../browser-scripts.generated.js";
import type { ChallengeKind, Visit } from "../challenge.js";

/** Puzzles a challenge: the more, the more even the time to solve them; with 32, chance alone makes p95/p50 of it 1.32. */
export const PUZZLES = 32;

/** What the page's script works on, and the answer is judged by. */
export interface WorkState {
  /** 32 random bytes, in hex. */
  readonly seed: string;
  /** A puzzle is solved by a hash whose first 32 bits are below this. */
  readonly target: number;
}

/** The target at which all puzzles together cost 2^`bits` hashes on average. */
export function targetOf(bits: number): number {
  return Math.max(1, Math.min(2 ** 32 - 1, Math.round((2 ** 32 * PUZZLES) / 2 ** bits)));
}

/** Whether `solution` holds a good nonce for each puzzle: one hash each, the first bad one ends it. */
export function isSolved({ seed, target }: WorkState, solution: string): boolean {
  if (solution.length !== PUZZLES * 8 || !/^[0-9a-f]+$/.test(solution)) return false;
  const message = Buffer.alloc(40);
  message.write(seed, "hex");
  for (let puzzle = 0; puzzle < PUZZLES; puzzle++) {
    message.writeUInt32BE(puzzle, 32);
    message.write(solution.slice(puzzle * 8, puzzle * 8 + 8), 36, "hex");
    if (hash("sha256", message, "buffer").readUInt32BE(0) >= target) return false;
  }
  return true;
}

/** The browser works for its visitor: SHA-256 puzzles, solved on all cores (BunkerWeb's `javascript`). */
export const javascriptChallenge: ChallengeKind<WorkState> = {
  name: "javascript",
  // A proof cannot be guessed, so only a good one is worth remembering.
  spend: "after",
  issue: ({ difficulty }) => ({ seed: randomBytes(32).toString("hex"), target: targetOf(difficulty) }),
  page: ({ state }, visit) => ({
    body: workBody(visit),
    script: challengeScript,
    config: {
      action: visit.action,
      seed: state.seed,
      count: PUZZLES,
      target: state.target,
      frame: visit.frame,
      texts: {
        working: visit.texts.working,
        done: visit.texts.done,
        slow: visit.texts.slow,
        retry: visit.texts.working,
        failed: visit.texts.unreachable,
        expired: visit.texts.working,
      },
    },
    csp: { "worker-src": ["blob:"], "connect-src": ["'self'"] },
  }),
  verify: (state, fields) => isSolved(state, fields.get("challenge") ?? ""),
};

// What is hidden is shown by the script when it is needed; without JavaScript, the page says what to do.
function workBody(visit: Visit): string {
  const { texts, request } = visit;
  const here = escapeHtml(safePath(request.url));
  return (
    `<p class="soft">${escapeHtml(texts.challengeMessage)}</p>` +
    `<progress id="bunker-progress" max="100" value="0" aria-label="${escapeHtml(texts.working)}"></progress>` +
    `<p id="bunker-status" role="status" aria-live="polite"></p>` +
    `<p id="bunker-wayout" hidden><button id="bunker-retry" type="button">${escapeHtml(texts.tryAgain)}</button></p>` +
    `<p id="bunker-opentab" hidden>${escapeHtml(texts.framed)} <a class="button" target="_blank" rel="noopener" href="${here}">${escapeHtml(texts.openTab)}</a></p>` +
    `<p id="bunker-nocookies" role="alert" hidden>${escapeHtml(texts.cookiesMessage)} ${escapeHtml(texts.cookiesHelp)}</p>` +
    noscriptNotice(visit)
  );
}
