import type { Socket } from "node:net";
import { parseProxyHeader, type ProxySource } from "./proxy-header.js";

/**
 * Reads the PROXY header of a socket that has not been read from, and puts back the bytes after it. `done` is called once: with
 * the source, with `undefined` if the proxy speaks for itself, or with an Error. Then the socket is as newly accepted.
 *
 * @param timeout of the whole header, in ms
 */
export function readProxyHeader(
  socket: Socket,
  timeout: number,
  done: (source: ProxySource | Error | undefined) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => finish(new Error(`no whole header within ${timeout} ms`)), timeout);
  timer.unref();
  const finish = (found: ProxySource | Error | undefined): void => {
    clearTimeout(timer);
    socket.off("readable", read).off("end", gone).off("close", gone);
    // A socket returns to its initial state, neither flowing nor paused, in the tick after the last listener was removed.
    process.nextTick(() => {
      socket.off("error", ignore);
      done(found);
    });
  };
  const read = (): void => {
    let chunk: Buffer | null;
    while ((chunk = socket.read() as Buffer | null) !== null) {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const header = parseProxyHeader(bytes);
      if (header.state === "more") continue;
      if (header.state === "bad") {
        finish(new Error(header.problem));
        return;
      }
      const rest = bytes.subarray(header.length);
      if (rest.length > 0) socket.unshift(rest);
      finish(header.source);
      return;
    }
  };
  const gone = (): void => finish(new Error("closed before its header was whole"));
  const ignore = (): void => undefined;
  socket.on("error", ignore).on("readable", read).once("end", gone).once("close", gone);
}
