import { Resolver } from "node:dns/promises";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "./server-process.js";

/** A DNS server in a separate process. */
export interface NameServer {
  /** Address and port, for the `resolver` option. */
  readonly server: string;
  stop(): Promise<void>;
}

/** How to start a DNS server. */
export interface NameServerProgram {
  program: string;
  /** A folder for its files, which is deleted when the server stops. */
  folder: string;
  args(port: number): string[];
  /** A name that it can resolve. */
  knows: string;
}

/** Starts a DNS server and waits until it responds. */
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
 * Starts the resolver unbound.
 *
 * @param zones configuration: further lines of the `server:` section, and sections after it
 * @param knows a name that it can resolve
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
