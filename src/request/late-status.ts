import type { ServerResponse } from "node:http";

type Method = (this: ServerResponse, ...args: unknown[]) => unknown;
type Methods = Record<"writeHead" | "write" | "end", Method>;

/**
 * Calls `onStatus` once, with the status that the app gives a response after its client has left. Node sends nothing then, and
 * neither emits an event nor notes that a status was set.
 */
export function watchLateStatus(res: ServerResponse, onStatus: (status: number) => void): void {
  const methods = res as unknown as Methods;
  let told = false;
  const tell = (status: number): void => {
    if (told) return;
    told = true;
    onStatus(status);
  };
  for (const name of ["writeHead", "write", "end"] as const) {
    const before = methods[name];
    methods[name] = function (...args) {
      // 1xx statuses are followed by the real one.
      const status = name === "writeHead" && typeof args[0] === "number" ? args[0] : res.statusCode;
      if (status >= 200) tell(status);
      return before.apply(this, args);
    };
  }
}
