import { CLOSED, tellOpener } from "./frame-messages.js";
import { leave } from "./leave.js";
import { hide, part, say, show } from "./page.js";
import { watchProgress } from "./progress.js";
import { createPuzzleQueue, type Puzzles } from "./puzzle-queue.js";
import { solve } from "./solve.js";
import { submit } from "./submit.js";
import { isGoingRound, rememberSolved } from "./visits.js";

/** What the server writes into the page, as JSON in `<script type="application/json" id="bunker-config">`. */
interface Config extends Puzzles {
  /** Path that takes solutions. */
  action: string;
  /** The sealed challenge, sent back with its solution. */
  state: string;
  /** A form that met the gate, sealed; it goes back with the solution and comes out of it open. */
  form?: string;
  /** Whether the page is shown in the fetch helper's dialog. */
  frame?: boolean;
  texts: Record<"working" | "done" | "slow" | "retry" | "failed" | "expired", string>;
}

/** How many new challenges are tried without asking. */
const SECOND_TRIES = 3;

/** Solves the page's challenge, sends the solution and goes where the visitor wanted to go. */
function challengePage(config: Config): void {
  const { texts, action, frame = false } = config;
  /** The challenge in hand; the server may send another one. */
  let challenge: Puzzles & { state: string } = config;
  /** Its puzzles: a second attempt goes on where the first one was given up. */
  let queue = createPuzzleQueue(challenge);
  /** Its solution once it is known: when only the sending failed, it is sent again. */
  let solution: string | undefined;
  /** Whether the server wants no solution of this challenge any more. */
  let stale = false;
  /** Ends the attempt under way: nothing that it started has an effect afterwards. */
  let abandon = (): void => undefined;

  const attempt = (): void => {
    abandon();
    hide("wayout");
    let abandoned = false;
    let secondTries = SECOND_TRIES;
    let stopSolving = (): void => undefined;
    const patience = watchProgress(() => {
      say(texts.slow);
      show("wayout");
    });
    abandon = () => {
      abandoned = true;
      stopSolving();
      patience.end();
    };

    const giveUp = (): void => {
      abandon();
      say(texts.failed);
      show("wayout");
    };

    const send = async (): Promise<void> => {
      const answer = await submit(
        action,
        {
          ...(config.form ? { form: config.form } : {}),
          state: challenge.state,
          challenge: solution as string,
        },
        () => {
          if (!abandoned) say(texts.retry);
        },
      );
      if (abandoned) return;
      if (leave(answer, frame)) {
        abandon();
        rememberSolved();
        say(texts.done);
        return;
      }
      // A challenge without puzzles is another kind's: only the whole page can show it.
      if (!answer.challenge?.seed) {
        stale = true;
        giveUp();
        return;
      }
      challenge = answer.challenge;
      queue = createPuzzleQueue(challenge);
      solution = undefined;
      if (secondTries-- === 0) giveUp();
      else work(answer.expired ? texts.expired : texts.retry);
    };

    const sendSolution = (): void => {
      send().catch(() => {
        if (!abandoned) giveUp();
      });
    };

    const work = (text: string): void => {
      say(text);
      patience.start(queue.share());
      stopSolving = solve(challenge, queue, patience.moveTo, (found) => {
        solution = found;
        sendSolution();
      });
    };

    if (solution === undefined) work(texts.working);
    else {
      say(texts.retry);
      patience.start(1);
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
  if (frame) {
    addEventListener("keydown", ({ key }) => {
      if (key === "Escape") tellOpener(CLOSED);
    });
  }
  addEventListener("pageshow", ({ persisted }) => {
    // Came back out of the browser's memory: the challenge is spent or stale by now.
    if (persisted) location.reload();
  });

  if (isInForeignFrame()) {
    // Cookies of framed sites are often blocked, and then no solution helps here.
    show("opentab");
  }
  if (!navigator.cookieEnabled || isGoingRound()) {
    show("nocookies");
    show("wayout");
    say(texts.failed);
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

/** Reads the page's configuration and starts, once the page is really shown: a prerendered page may never be. */
export function runChallengePage(): void {
  const start = (): void => {
    try {
      challengePage(JSON.parse(part("config")?.textContent ?? "") as Config);
    } catch {
      show("wayout");
    }
  };
  if ((document as { prerendering?: boolean }).prerendering) {
    document.addEventListener("prerenderingchange", start, { once: true });
  } else start();
}
