import { showChallenge, type ChallengeDialog } from "./challenge-dialog.js";

/** Options of {@link bunkerFetch}. */
export interface BunkerFetchOptions {
  /**
   * Path of the challenge page: the gate's `uri`. Nothing else is ever opened.
   * @default "/challenge"
   */
  challenge?: string;
  /**
   * The function that sends the requests.
   * @default the page's own `fetch`
   */
  fetch?: typeof fetch;
  /**
   * The dialog's accessible name, in the language of your page.
   * @default "Security check"
   */
  title?: string;
  /**
   * The text of the dialog's close button.
   * @default "Close"
   */
  closeLabel?: string;
  /**
   * How long the dialog waits to be solved, in seconds.
   * @default 120
   */
  timeout?: number;
}

/** The state that the dialogs of all wrappers share: one dialog a path, however many requests wait for it. */
interface Gate {
  dialog: ChallengeDialog | undefined;
  /** How many requests wait for it. */
  waiting: number;
  /** How many challenges were solved so far. */
  solved: number;
}
const gates = new Map<string, Gate>();

/**
 * Wraps `fetch` for single-page apps. When the gate replies to a request with a challenge, the wrapper shows it in a
 * dialog, waits until it is solved and sends the request again, once. Everything else passes through unchanged. Requests
 * that meet the gate together share one dialog.
 *
 * The 403 response itself is returned when the dialog is closed or times out, and when the request's body is a stream, which
 * cannot be sent twice.
 *
 * @returns a function to use in place of `fetch`.
 * @throws TypeError when `challenge` is not a path of this site.
 * @example
 * const fetch = bunkerFetch({ challenge: "/challenge" });
 * const response = await fetch("/api/orders", { method: "POST", body: JSON.stringify(order) });
 */
export function bunkerFetch(options: BunkerFetchOptions = {}): typeof fetch {
  const { challenge = "/challenge", title = "Security check", closeLabel = "Close", timeout = 120 } = options;
  if (!/^\/(?!\/)[\w./~-]*$/.test(challenge))
    throw new TypeError(`challenge: ${challenge} is not a path of this site`);
  // Called as a plain function: fetch refuses to be another object's method.
  const send: typeof fetch = (input, init) => (options.fetch ?? fetch)(input, init);
  const gate: Gate = gates.get(challenge) ?? { dialog: undefined, waiting: 0, solved: 0 };
  gates.set(challenge, gate);

  const openDialog = (): ChallengeDialog => {
    const dialog = showChallenge(`${challenge}?frame=1`, { title, closeLabel }, timeout);
    void dialog.solved.then((solved) => {
      gate.dialog = undefined;
      if (solved) gate.solved++;
    });
    return dialog;
  };

  // Waits for the dialog, but no longer than the caller does: an aborted request is sent again, which ends it as fetch would.
  const solve = async (signal: AbortSignal | undefined): Promise<boolean> => {
    const dialog = (gate.dialog ??= openDialog());
    gate.waiting++;
    const solved = await unlessAborted(dialog.solved, signal);
    if (--gate.waiting === 0) dialog.close();
    return solved;
  };

  return async (input, init) => {
    const solvedBefore = gate.solved;
    // A Request's body can be read once only, so a copy is kept.
    const request = input instanceof Request ? input : undefined;
    const copy = request ? request.clone() : input;
    const response = await send(input, init);
    const isStream = typeof ReadableStream === "function" && init?.body instanceof ReadableStream;
    if (isStream || !(await isChallenge(response, challenge))) return response;
    // A challenge may have been solved while this request was under way: then it only needs to be sent again.
    if (gate.solved === solvedBefore && !(await solve(init?.signal ?? request?.signal))) return response;
    return send(copy, init);
  };
}

/** Whether a response comes from the gate of this very site and asks for the challenge at this path (RFC 9457). */
async function isChallenge(response: Response, path: string): Promise<boolean> {
  const type = response.headers.get("content-type");
  if (response.status !== 403 || !type?.startsWith("application/problem+json")) return false;
  try {
    if (new URL(response.url).origin !== location.origin) return false;
    const problem = (await response.clone().json()) as { type?: unknown; challenge?: unknown } | null;
    return problem?.type === "urn:express-bunker:challenge" && problem.challenge === path;
  } catch {
    return false;
  }
}

/** True as soon as the signal aborts. */
function unlessAborted(solved: Promise<boolean>, signal: AbortSignal | undefined): Promise<boolean> {
  if (!signal) return solved;
  return new Promise((resolve) => {
    const stop = (value: unknown): void => {
      signal.removeEventListener("abort", stop);
      resolve(value !== false);
    };
    if (signal.aborted) resolve(true);
    signal.addEventListener("abort", stop);
    void solved.then(stop);
  });
}
