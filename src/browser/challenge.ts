import { announce, hide, onRetry, part, show, watchPage } from "./page.js";
import { createPuzzleQueue, type Puzzles } from "./puzzle-queue.js";
import { solve } from "./solve.js";
import { leave, submit } from "./submit.js";

/** What the server writes into the page, as JSON in `<script type="application/json" id="bunker-config">`. */
interface Config extends Puzzles {
  /** Path that takes solutions. */
  action: string;
  /** The sealed challenge, sent back with its solution. */
  state: string;
  /** A sealed form that waits for a pass; it is submitted with the solution and comes back open. */
  form?: string;
  /** Whether the page is shown in the fetch helper's dialog. */
  frame?: boolean;
  texts: Record<"working" | "done" | "slow" | "retry" | "failed" | "expired", string>;
}

/** How many new challenges are tried before the visitor has to ask for more. */
const MAX_RETRIES = 3;
/** After this many solved challenges within this time, another challenge means that this browser does not keep the pass. */
const MAX_SOLVED = 3;
const SOLVED_WITHIN_MS = 60_000;
const SOLVED_KEY = "bunker-solved";
/** After this long without progress, or with less than half done, the page shows a way out. */
const SLOW_MS = 15_000;
/** How often the progress is looked at. */
const TICK_MS = 250;

/** Solves the page's challenge, submits the solution and goes to the visitor's destination. */
export function challengePage(config: Config): void {
  const { texts, action, frame = false } = config;
  /** The current challenge; the server may send another one. */
  let challenge: Puzzles & { state: string } = config;
  /** Its puzzles: a second attempt continues where the first one stopped. */
  let queue = createPuzzleQueue(challenge);
  /** Its solution once it is known: if only submitting it failed, it is submitted again. */
  let solution: string | undefined;
  /** Whether the server takes no solution of this challenge any more. */
  let stale = false;
  /** Ends the current attempt: nothing that it started has an effect afterwards. */
  let abandon = (): void => undefined;

  const attempt = (): void => {
    abandon();
    hide("wayout");
    let abandoned = false;
    let retries = MAX_RETRIES;
    let stopSolving = (): void => undefined;
    const progress = watchProgress(() => {
      announce(texts.slow);
      show("wayout");
    });
    abandon = () => {
      abandoned = true;
      stopSolving();
      progress.end();
    };

    const giveUp = (): void => {
      abandon();
      announce(texts.failed);
      show("wayout");
    };

    const send = async (): Promise<void> => {
      const fields: Record<string, string> = { state: challenge.state, challenge: solution as string };
      if (config.form) fields["form"] = config.form;
      const response = await submit(action, fields, () => {
        if (!abandoned) announce(texts.retry);
      });
      if (abandoned) return;
      if (leave(response, frame)) {
        abandon();
        rememberSolved();
        announce(texts.done);
        return;
      }
      // A challenge without puzzles is of another kind, which only the whole page can show.
      if (!response.challenge?.seed) {
        stale = true;
        giveUp();
        return;
      }
      challenge = response.challenge;
      queue = createPuzzleQueue(challenge);
      solution = undefined;
      if (retries-- === 0) giveUp();
      else work(response.expired ? texts.expired : texts.retry);
    };

    const sendSolution = (): void => {
      send().catch(() => {
        if (!abandoned) giveUp();
      });
    };

    const work = (text: string): void => {
      announce(text);
      progress.start(queue.share());
      stopSolving = solve(challenge, queue, progress.moveTo, (found) => {
        solution = found;
        sendSolution();
      });
    };

    if (solution === undefined) work(texts.working);
    else {
      announce(texts.retry);
      progress.start(1);
      sendSolution();
    }
  };

  onRetry(() => {
    if (stale) location.reload();
    else attempt();
  });
  watchPage(frame);

  // Cookies of framed sites are often blocked, and then no solution helps here.
  if (isInForeignFrame()) show("opentab");
  // A tab that solves one challenge after the other does not keep its cookies: solving more would loop.
  if (!navigator.cookieEnabled || solvedAt().length >= MAX_SOLVED) {
    show("nocookies");
    show("wayout");
    announce(texts.failed);
    return;
  }
  attempt();
}

/** Whether the page is shown inside a page of another origin. */
function isInForeignFrame(): boolean {
  try {
    return window.top !== window.self && window.top?.location.origin !== location.origin;
  } catch {
    return true;
  }
}

/** When this tab solved its last challenges, in ms since 1970; empty if the browser stores nothing for us. */
function solvedAt(): number[] {
  try {
    const times = JSON.parse(sessionStorage.getItem(SOLVED_KEY) ?? "[]") as number[];
    return times.filter((time) => Date.now() - time < SOLVED_WITHIN_MS);
  } catch {
    return [];
  }
}

function rememberSolved(): void {
  try {
    sessionStorage.setItem(SOLVED_KEY, JSON.stringify([...solvedAt(), Date.now()]));
  } catch {
    // Storage is switched off or full: loops go unnoticed.
  }
}

/**
 * Draws the progress bar a few times a second. `start` and `moveTo` take the share of the work that is done, 0 … 1.
 * @param onSlow Called once, when nothing moved for 15 s or less than half is done after 15 s.
 */
function watchProgress(onSlow: () => void) {
  let share = 0;
  let percent = 0;
  let started = 0;
  let moved = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let isSlow = false;

  const tick = (): void => {
    const now = performance.now();
    const reached = Math.floor(share * 100);
    if (reached > percent) {
      percent = reached;
      moved = now;
      setProgress(percent);
    }
    if (isSlow || (now - moved < SLOW_MS && (share >= 0.5 || now - started < SLOW_MS))) return;
    isSlow = true;
    onSlow();
  };

  const end = (): void => {
    clearInterval(timer);
  };

  return {
    start(done: number): void {
      end();
      share = done;
      percent = Math.floor(share * 100);
      setProgress(percent);
      started = moved = performance.now();
      timer = setInterval(tick, TICK_MS);
    },
    moveTo: (done: number): void => {
      share = done;
      // The full bar is shown at once: the page may be gone at the next tick.
      if (share === 1) tick();
    },
    end,
  };
}

// The bar may be a `<progress max="100">` or any element with that role.
function setProgress(percent: number): void {
  const bar = part("progress");
  if (!bar) return;
  bar.setAttribute("aria-valuenow", `${percent}`);
  if (bar instanceof HTMLProgressElement) bar.value = percent;
  else bar.style.setProperty("--bunker-progress", `${percent}%`);
}
