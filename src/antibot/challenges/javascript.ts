import { hash, randomBytes } from "node:crypto";
import { escapeHtml } from "../../pages/page.js";
import { challengeScript } from "../browser-scripts.generated.js";
import type { ChallengeKind, Visit } from "../challenge.js";
import { noscriptNotice } from "../challenge-page.js";
import { MAX_BITS } from "../difficulty.js";
import { safePath } from "../destination.js";

/** Puzzles of one challenge. More of them even out the solving time: with 32, chance alone makes its p95/p50 1.32. */
export const PUZZLES = 32;

export interface WorkState {
  /** 32 random bytes, in hex. */
  readonly seed: string;
  /** A hash solves a puzzle when its first 32 bits are below this. */
  readonly target: number;
}

/** The target at which all puzzles together cost 2^`bits` hashes on average. */
export function targetOf(bits: number): number {
  return Math.max(1, Math.min(2 ** 32 - 1, Math.round((2 ** 32 * PUZZLES) / 2 ** bits)));
}

/** Whether `solution` holds a valid nonce for each puzzle. */
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

/** Whether a proof is worth what a visitor is asked for, `extraBits` on top. */
export function sufficesFor({ target }: WorkState, { difficulty }: Visit, extraBits = 0): boolean {
  return target <= targetOf(Math.min(MAX_BITS, difficulty + extraBits));
}

/** A new proof of work, `extraBits` harder than usual: in place of another challenge it must not be the cheaper way in. */
export function newWork({ difficulty }: Visit, extraBits = 0): WorkState {
  const bits = Math.min(MAX_BITS, difficulty + extraBits);
  return { seed: randomBytes(32).toString("hex"), target: targetOf(bits) };
}

/** Proof of work: the browser solves SHA-256 puzzles on all cores (BunkerWeb's `javascript`). */
export const javascriptChallenge: ChallengeKind<WorkState> = {
  name: "javascript",
  // A proof cannot be guessed, so only a valid one uses the challenge up.
  spend: "after",
  issue: (visit) => newWork(visit),
  suffices: (state, visit) => sufficesFor(state, visit),
  page: ({ state }, visit) => ({
    // The script shows the hidden parts when they are needed.
    body:
      `<p class="soft">${escapeHtml(visit.texts.challengeMessage)}</p>` +
      `<progress id="bunker-progress" max="100" value="0" aria-label="${escapeHtml(visit.texts.working)}"></progress>` +
      statusParts(visit) +
      `<p id="bunker-nocookies" role="alert" hidden>${escapeHtml(visit.texts.cookiesMessage)} ${escapeHtml(visit.texts.cookiesHelp)}</p>` +
      noscriptNotice(visit),
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

/** What our page scripts show while they work: their status, a way out, and a link out of another site's frame. */
export function statusParts({ texts, request }: Visit): string {
  const here = escapeHtml(safePath(request.url));
  return (
    `<p id="bunker-status" role="status" aria-live="polite"></p>` +
    `<p id="bunker-wayout" hidden><button id="bunker-retry" type="button">${escapeHtml(texts.tryAgain)}</button></p>` +
    `<p id="bunker-opentab" hidden>${escapeHtml(texts.framed)} <a class="button" target="_blank" rel="noopener" href="${here}">${escapeHtml(texts.openTab)}</a></p>`
  );
}
