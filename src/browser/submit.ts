import { SOLVED, notifyOpener } from "./frame-messages.js";
import type { Puzzles } from "./puzzle-queue.js";

/** The server's response to a solution. */
export interface SubmitResponse {
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
 * Posts a form's fields and returns the JSON document of the response, or an empty one.
 * Some old browsers have XMLHttpRequest but not fetch.
 * @throws when the network or the server fails.
 */
function post(action: string, fields: Record<string, string>): Promise<SubmitResponse> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", action);
    request.timeout = TIMEOUT_MS;
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    request.setRequestHeader("Accept", "application/json");
    request.onloadend = () => {
      // A request that failed, was cut off or took too long has the status 0.
      if (!request.status || request.status >= 500 || request.status === 429 || request.status === 408) {
        reject(new Error(`status ${request.status}`));
        return;
      }
      try {
        resolve((JSON.parse(request.responseText) as SubmitResponse | null) || {});
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
 * Posts a solution; if the network or the server fails, it is posted up to three times more, with growing pauses.
 * @param onFailure Called before each pause.
 * @throws when the last attempt fails as well.
 */
export async function submit(
  action: string,
  fields: Record<string, string>,
  onFailure: () => void,
): Promise<SubmitResponse> {
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

/** Whether a path stays on this site: "//host" and "/\host" would not. */
const isLocalPath = (path: unknown): path is string =>
  typeof path === "string" && /^\/(?![/\\])\S*$/.test(path);

/**
 * Goes to the visitor's destination and leaves no challenge behind for the Back button. In a frame it notifies the opening
 * page instead.
 * @returns whether the response names a destination.
 */
export function leave({ location: path, repost }: SubmitResponse, frame: boolean): boolean {
  if (isLocalPath(path)) {
    if (frame) notifyOpener(SOLVED);
    else location.replace(path.includes("#") ? path : path + location.hash);
    return true;
  }
  if (!repost || !isLocalPath(repost.url)) return false;
  // Post the form that the gate held back, as the visitor's browser would have.
  const form = document.createElement("form");
  form.method = "post";
  form.action = repost.url;
  form.hidden = true;
  for (const [name, value] of repost.fields) {
    // A hidden <input> would do but for one called "_charset_": browsers replace its value.
    const field = document.createElement("textarea");
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  // A field called "submit" hides the form's own method.
  HTMLFormElement.prototype.submit.call(form);
  return true;
}
