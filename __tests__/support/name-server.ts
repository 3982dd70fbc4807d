import { Resolver } from "node:dns/promises";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "./server-process.js";

/** A DNS server in a process of its own. */
export interface NameServer {
  /** For the `resolver` option. */
  readonly server: string;
  stop(): Promise<void>;
}

/** How it is started, in a folder of its own. */
export interface NameServerProgram {
  program: string;
  folder: string;
  args(port: number): string[];
  /** A name that it knows. */
  knows: string;
}

/** Starts a DNS server; when it is stopped, its folder goes. */
export async function startNameServer(how: NameServerProgram): Promise<NameServer> {
  const { program, folder, knows } = how;
  const { port, stop } = await startServer({
    program,
    args: (port) => how.args(port),
    answers(port) {
      const resolver = new Resolver({ timeout: 500, tries: 1 });
      resolver.setServers([`127.0.0.1:${port}`]);
      return resolver.resolve4(knows);
    },
  });
  return {
    server: `127.0.0.1:${port}`,
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Starts unbound, a resolver.
 *
 * @param zones lines of its `server:` part, and parts of their own after that
 * @param knows a name that it can answer
 */
export function startUnbound(zones: string, knows: string): Promise<NameServer> {
  const folder = mkdtempSync(join(tmpdir(), "unbound-"));
  const file = join(folder, "unbound.conf");
  return startNameServer({
    program: "unbound",
    folder,
    knows,
    args(port) {
      writeFileSync(
        file,
        `server:
  interface: 127.0.0.1@${port}
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "${folder}"
  pidfile: ""
  use-syslog: no
  verbosity: 0
  module-config: "iterator"
${zones}
remote-control:
  control-enable: no
`,
      );
      return ["-d", "-c", file];
    },
  });
}
