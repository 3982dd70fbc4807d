import { signal } from "@preact/signals";
import type { ModeState, Session } from "../../api.js";
import { asApiError, readSession, type ApiError } from "../api/client.js";
import { setClock } from "./clock.js";

/** What the server said first; `undefined` until it did. */
export const session = signal<Session | undefined>(undefined);

/** Why there is no session. */
export const sessionError = signal<ApiError | undefined>(undefined);

/** The security mode as it was last heard of. */
export const mode = signal<ModeState | undefined>(undefined);

/** Reads the session. Never rejects. */
export async function openSession(): Promise<void> {
  try {
    const answer = await readSession(true);
    session.value = answer;
    mode.value = answer.mode;
    sessionError.value = undefined;
    setClock(answer.now);
  } catch (error) {
    sessionError.value = asApiError(error);
  }
}
