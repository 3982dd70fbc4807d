import type { ApiProblem, Session } from "../../api.js";

/** A response that is not 2xx, or none at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

let session: Promise<Session> | undefined;

/** Reads the session; once, unless `again`. */
export function readSession(again = false): Promise<Session> {
  if (session === undefined || again) {
    const reading = read<Session>("api/session");
    session = reading;
    reading.catch(() => {
      if (session === reading) session = undefined;
    });
  }
  return session;
}

/** `GET`s a path below the mount. Rejects with {@link ApiError}, or with the reason of `signal`. */
export function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return send<T>(path, { signal });
}

/** Sends what changes something. A token that a restarted server does not know is replaced once. Rejects with {@link ApiError}. */
export async function change<T>(
  method: "POST" | "PATCH" | "DELETE",
  path: string,
  body?: object,
): Promise<T> {
  const attempt = async (again: boolean): Promise<T> => {
    const { csrf } = await readSession(again);
    return send<T>(path, {
      method,
      headers: { "Content-Type": "application/json", "X-Bunker-CSRF": csrf },
      body: JSON.stringify(body ?? {}),
    });
  };
  try {
    return await attempt(false);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403 && error.code === "forbidden") return attempt(true);
    throw error;
  }
}

async function send<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...init });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiError(0, "unreachable", "The server does not answer.");
  }
  const body = await bodyOf(response);
  if (response.ok) return body as T;
  const problem = (body as Partial<ApiProblem> | undefined)?.error;
  const message = problem?.message ?? `The server answered with status ${response.status}.`;
  throw new ApiError(response.status, problem?.code ?? "unknown", message, problem?.field);
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return (await response.json()) as unknown;
  } catch {
    return undefined;
  }
}

/** Returns the error as one that can be shown. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, "unknown", error instanceof Error ? error.message : String(error));
}
