import { readPairs } from "../request/form-body.js";
import { isSameOriginPost } from "../request/origin.js";
import type { RequestView } from "../request/request-view.js";
import type { KeyRing } from "./keys.js";

/** A form that met the gate: sealed into the page and posted again when the challenge is solved. */
export interface KeptForm {
  /** Where it was posted: path and query of our own origin. */
  readonly url: string;
  readonly fields: readonly (readonly [string, string])[];
}

/** The longest form that is kept, in bytes; and the longest sealed form, which comes back with a solution of up to 8 KB. */
const MAX_FORM = 16_384;
export const MAX_SEALED_FORM = 24_576;

/** Whether a request is a form that a person has just sent from a page of this origin. */
export function isFormPost(request: RequestView): boolean {
  if (request.method !== "POST" || !request.wantsDocument) return false;
  // A post that does not say where it comes from is not repeated in the visitor's name.
  const namesOrigin =
    request.header("sec-fetch-site") !== undefined || request.header("origin") !== undefined;
  return namesOrigin && isSameOriginPost(request);
}

/** The form of a request, or the status that says why it cannot be kept. */
export async function keepForm(request: RequestView, url: string): Promise<KeptForm | number> {
  const form = await readPairs(request.message, MAX_FORM);
  return "pairs" in form ? { url, fields: form.pairs } : form.status;
}

/** Seals a form for one browser of one service. */
export function sealForm(form: KeptForm, keys: KeyRing, service: string, browser: string): string {
  return keys.seal("form", [service, browser], JSON.stringify([form.url, form.fields]));
}

/** Opens what {@link sealForm} made. */
export function openForm(
  token: string | undefined,
  keys: KeyRing,
  service: string,
  browser: string,
): KeptForm | undefined {
  const text = keys.open("form", [service, browser], token, MAX_SEALED_FORM);
  if (text === undefined) return undefined;
  const [url, fields] = JSON.parse(text) as [string, [string, string][]];
  return { url, fields };
}
