import type { Client } from "../request/client.js";
import type { RequestView } from "../request/request-view.js";
import type { Fields } from "./challenge.js";
import type { ChallengeUri } from "./challenge-uri.js";
import type { Destination } from "./destination.js";
import type { KeptForm } from "./kept-form.js";

/** One request of a visitor that has to solve a challenge. */
export interface ChallengeRequest {
  readonly client: Client;
  readonly request: RequestView;
  /** Where the challenge is served. */
  readonly uri: ChallengeUri;
  /** The service that the challenge and its pass are for. */
  readonly service: string;
  readonly destination: Destination;
  /** Whether the page is in the dialog of the fetch helper. */
  readonly frame: boolean;
  /** A form that waits for the challenge to be solved. */
  readonly form?: KeptForm | undefined;
  readonly previous?: PostedChallenge | undefined;
  /** How often in a row a challenge was issued anew because its solution came from another network. */
  readonly moves?: number;
}

/** A challenge that was posted, and the posted fields. */
export interface PostedChallenge {
  readonly kind: string;
  /** The key of the client that it was issued to. */
  readonly holder: string;
  readonly state: unknown;
  readonly fields: Fields;
}

/** The browser that a challenge is bound to: its cookie's id, and the cookie if it has yet to be set. */
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
