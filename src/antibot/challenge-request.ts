import type { Client } from "../request/client.js";
import type { RequestView } from "../request/request-view.js";
import type { Fields } from "./challenge.js";
import type { Destination } from "./destination.js";
import type { GateCrypto } from "./gate-crypto.js";
import type { KeptForm } from "./kept-form.js";

/** One visitor at the challenge and what is needed to answer. */
export interface ChallengeRequest {
  readonly client: Client;
  readonly request: RequestView;
  readonly tools: GateCrypto;
  readonly service: string;
  readonly destination: Destination;
  /** The page is in the dialog of the fetch helper. */
  readonly frame: boolean;
  /** A form that waits for the challenge to be solved. */
  readonly form?: KeptForm | undefined;
  /** The challenge that was answered, and what was posted. */
  readonly previous?: { readonly kind: string; readonly state: unknown; readonly fields: Fields } | undefined;
}

/** The browser that a challenge is bound to: its cookie's id, and the cookie when it has yet to be set. */
export interface Browser {
  readonly id: string;
  readonly cookie?: string;
}

const FRAMES = new Set(["iframe", "frame", "embed", "object"]);

/** Whether the request is for a frame inside a page: of this origin, or of another. */
export function frameOf(request: RequestView): "none" | "own" | "foreign" {
  if (!FRAMES.has(request.header("sec-fetch-dest") ?? "")) return "none";
  return request.header("sec-fetch-site") === "same-origin" ? "own" : "foreign";
}
