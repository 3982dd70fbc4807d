import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { defaultPath } from "../../control/options.js";
import { messageOf } from "../../errors.js";
import type { Command } from "../command.js";
import { demoSite } from "../demo/site.js";
import { walkthrough } from "../demo/walkthrough.js";
import { CliError, EXIT } from "../exit-code.js";
import { toldToStop } from "../stop-signal.js";

/** Runs a sample site. */
export const demoCommand: Command = {
  name: "demo",
  takes: "",
  operands: [0, 0],
  summary: "runs a sample site to try everything on, until Ctrl-C",
  options: [
    { name: "port", value: "N", help: "the port; 0 = a free one (default: 3000)" },
    { name: "control", value: "PATH", help: "its control socket (default: ./.express-bunker.sock)" },
  ],
  notes: [
    "It listens on this machine only, keeps everything in memory and contacts nobody. It takes express.",
  ],
  examples: ["demo", "demo --port 8000"],
  async run(given, terminal) {
    const port = given.integer("port", 3000, 0, 65_535);
    const stop = toldToStop();
    const { app, guard } = demoSite();
    const server = createServer(app);
    try {
      const control = await guard.control({ path: given.value("control") ?? defaultPath(given.env) });
      server.listen(port, "127.0.0.1");
      await once(server, "listening").catch((error: unknown) => {
        throw new CliError(
          (error as { code?: string }).code === "EADDRINUSE"
            ? `port ${port} is taken; choose another one with --port`
            : `cannot listen on port ${port}: ${messageOf(error)}`,
        );
      });
      const { port: taken } = server.address() as AddressInfo;
      terminal.print(walkthrough(`http://localhost:${taken}`, control.path));
      await stop.promise;
    } finally {
      stop.done();
      server.close();
      server.closeAllConnections();
      await guard.close();
    }
    return EXIT.ok;
  },
};
