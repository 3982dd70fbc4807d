import { SOLVED, notifyOpener } from "./frame-messages.js";
import type { SubmitResponse } from "./submit.js";

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
  if (repost && isLocalPath(repost.url)) {
    postForm(repost.url, repost.fields);
    return true;
  }
  return false;
}

/** Posts the form that the gate held back, as the visitor's browser would have. */
function postForm(url: string, fields: [string, string][]): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  form.hidden = true;
  for (const [name, value] of fields) {
    // A hidden <input> would do but for one called "_charset_", whose value browsers replace.
    const field = document.createElement("textarea");
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  // A field called "submit" hides the form's own method.
  HTMLFormElement.prototype.submit.call(form);
}
