import { leave } from "./leave.js";
import { announce, hide, part, runPage, show, watchPage } from "./page.js";
import { watchProgress } from "./progress.js";
import { createPuzzleQueue, type Puzzles } from "./puzzle-queue.js";
import { solve } from "./solve.js";
import { submit } from "./submit.js";
import { isLooping, rememberSolved } from "./visits.js";

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

/** Solves the page's challenge, submits the solution and goes to the visitor's destination. */
function challengePage(config: Config): void {
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
      const response = await submit(
        action,
        {
          ...(config.form ? { form: config.form } : {}),
          state: challenge.state,
          challenge: solution as string,
        },
        () => {
          if (!abandoned) announce(texts.retry);
        },
      );
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

  const retry = part("retry");
  if (retry) {
    retry.onclick = (event) => {
      event.preventDefault();
      if (stale) location.reload();
      else attempt();
    };
  }
  watchPage(frame);

  if (isInForeignFrame()) {
    // Cookies of framed sites are often blocked, and then no solution helps here.
    show("opentab");
  }
  if (!navigator.cookieEnabled || isLooping()) {
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

/** Runs the program of the challenge page. */
export function runChallengePage(): void {
  runPage(challengePage);
}
