import { SOLVED, tellOpener } from "./frame-messages.js";
import type { Answer } from "./submit.js";

/** Whether a path surely stays on this site: "//host" and "/\host" would not. */
const isOurs = (path: unknown): path is string => typeof path === "string" && /^\/(?![/\\])\S*$/.test(path);

/**
 * Goes where the visitor wanted to go, leaving no challenge behind for the Back button. In a frame it tells the opening
 * page instead.
 * @returns whether the answer said so at all.
 */
export function leave({ location: path, repost }: Answer, frame: boolean): boolean {
  if (isOurs(path)) {
    if (frame) tellOpener(SOLVED);
    else location.replace(path.includes("#") ? path : path + location.hash);
    return true;
  }
  if (repost && isOurs(repost.url)) {
    postForm(repost.url, repost.fields);
    return true;
  }
  return false;
}

/** Posts a form as the visitor's own would have been. */
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
