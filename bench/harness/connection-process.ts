// Opens connections with one request each, in a separate process.
import { connect } from "node:net";
import type { ConnectionCounts } from "./connection-load.js";

/** The parameters of one measurement. */
export interface ConnectionJob {
  port: number;
  seconds: number;
  /** The number of connections at once. */
  atOnce: number;
}

const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

function run({ port, seconds, atOnce }: ConnectionJob): Promise<ConnectionCounts> {
  const started = performance.now();
  const until = started + seconds * 1000;
  const counts = { answered: 0, dropped: 0 };
  let running = 0;
  return new Promise((resolve) => {
    const next = (): void => {
      if (performance.now() >= until) {
        if (running === 0) resolve({ ...counts, seconds: (performance.now() - started) / 1000 });
        return;
      }
      running++;
      let bytes = "";
      const socket = connect(port, "127.0.0.1");
      socket.setEncoding("latin1").on("data", (chunk: string) => (bytes ||= chunk));
      // A refused connection may be reset.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        running--;
        if (bytes.startsWith("HTTP/1.1 200 ")) counts.answered++;
        else if (bytes === "") counts.dropped++;
        next();
      });
      socket.write(REQUEST);
    };
    for (let index = 0; index < atOnce; index++) next();
  });
}

// Other files import the type above; the listener is only for the child process.
if (require.main === module) {
  process.on("message", (job: ConnectionJob) => void run(job).then((counts) => process.send?.(counts)));
  process.once("disconnect", () => process.exit());
}
