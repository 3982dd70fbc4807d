import type { Puzzles } from "./puzzle-queue.js";

/** What the server may answer to a solution. */
export interface Answer {
  /** Solved: the same-origin path to go to. */
  location?: string;
  /** Solved: a form that the gate held back, to be posted now. */
  repost?: { url: string; fields: [string, string][] };
  /** Refused: a new challenge to try. */
  challenge?: Puzzles & { state: string };
  /** Refused only because the challenge was too old. */
  expired?: boolean;
}

const TIMEOUT_MS = 15_000;
const BACK_OFF_MS = [1000, 2000, 4000];

/**
 * Posts a form's fields and answers the JSON document that comes back, an empty one when it is none.
 * XMLHttpRequest is everywhere where fetch is, and some old browsers have nothing else.
 * @throws when the network or the server fails.
 */
function post(action: string, fields: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", action);
    request.timeout = TIMEOUT_MS;
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    request.setRequestHeader("Accept", "application/json");
    request.onloadend = () => {
      // A request that failed, was cut off or took too long has the status 0.
      if (!request.status || request.status >= 500 || request.status === 429) {
        reject(new Error(`status ${request.status}`));
        return;
      }
      try {
        resolve((JSON.parse(request.responseText) as Answer | null) || {});
      } catch {
        resolve({});
      }
    };
    request.send(
      Object.keys(fields)
        .map((name) => `${name}=${encodeURIComponent(fields[name] as string)}`)
        .join("&"),
    );
  });
}

/**
 * Posts a solution; a network or server that fails is asked again three times, a little later each time.
 * @param onFailure Called before each pause.
 * @throws when it failed the last time too.
 */
export async function submit(
  action: string,
  fields: Record<string, string>,
  onFailure: () => void,
): Promise<Answer> {
  for (const pause of BACK_OFF_MS) {
    try {
      return await post(action, fields);
    } catch {
      onFailure();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return post(action, fields);
}
