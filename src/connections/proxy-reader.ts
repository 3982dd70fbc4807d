import type { Socket } from "node:net";
import { parseProxyHeader, type ProxySource } from "./proxy-header.js";

/**
 * Reads the PROXY header off a socket that nobody has read from, and gives back every byte behind it. `done` is called once:
 * with the source, with `undefined` when the proxy speaks for itself, or with what went wrong, as an Error. Then the
 * socket is as if it had just been accepted.
 *
 * @param timeout how long the whole header may take, in ms
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
    // A socket goes back to its first state, neither flowing nor paused, in the tick after its last such listener is gone.
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
      const behind = bytes.subarray(header.length);
      if (behind.length > 0) socket.unshift(behind);
      finish(header.source);
      return;
    }
  };
  const gone = (): void => finish(new Error("closed before its header was whole"));
  const ignore = (): void => undefined;
  socket.on("error", ignore).on("readable", read).once("end", gone).once("close", gone);
}
