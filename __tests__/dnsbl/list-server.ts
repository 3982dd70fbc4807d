import { Resolver } from "node:dns/promises";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startServer } from "../support/server-process.js";

/** A DNS server in a process of its own. */
export interface NameServer {
  /** For the `resolver` option. */
  readonly server: string;
  stop(): Promise<void>;
}

/** What a real list publishes: the test entries, and everything of these networks. */
const LIST_4 = `$SOA 3600 ns.test admin.test 0 600 300 86400 60
:127.0.0.2:Listed, see https://list.test/?$
127.0.0.2
9.9.9.0/24
45.83.7.0/24 :127.0.0.4:Open proxy $
45.83.8.0/24 :127.0.0.10:Home user $
`;
const LIST_6 = `:127.0.0.2:Listed, see https://list.test/?$
::ffff:7f00:2
2a00:1234::/32
`;
/** A second list, which agrees about little. */
const OTHER_4 = `$SOA 3600 ns.test admin.test 0 600 300 86400 60
:127.0.0.3:Also listed
127.0.0.2
9.9.9.9
`;

/** The names under which rbldnsd serves the first list. */
const NAMES = ["list.test", "bl.blocklist.de", "sbl.spamhaus.org", "xbl.spamhaus.org", "zen.spamhaus.org"];

/** Starts rbldnsd, the server that public lists run, with the lists above; `other.test` is the second one. */
export async function startRbldnsd(): Promise<NameServer> {
  const folder = mkdtempSync(join(tmpdir(), "rbldnsd-"));
  // It gives up its rights before it reads.
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "v4"), LIST_4);
  writeFileSync(join(folder, "v6"), LIST_6);
  writeFileSync(join(folder, "other"), OTHER_4);
  const zones = NAMES.flatMap((name) => [`${name}:ip4trie:v4`, `${name}:ip6trie:v6`]);
  const user = process.getuid?.() === 0 ? ["-u", "nobody"] : [];
  return started("rbldnsd", folder, (port) => [
    ...["-n", ...user, "-b", `127.0.0.1/${port}`, "-w", folder],
    ...[...zones, "other.test:ip4trie:other"],
  ]);
}

/**
 * Starts unbound, a resolver: `list.test` comes from `upstream`, `dead.test` from a server that is not there (SERVFAIL),
 * `parked.test` answers everything with a web server's address, `everybody.test` lists everybody, `refused.test` says what
 * Spamhaus says to public resolvers.
 */
export async function startUnbound(upstream: string): Promise<NameServer> {
  const dead = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "unbound-"));
  const wildcard = (zone: string, answer: string): string =>
    `  local-zone: "${zone}." redirect\n  local-data: "${zone}. 60 IN A ${answer}"\n`;
  const configuration = (port: number): string => `server:
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
  do-not-query-localhost: no
  local-zone: "." refuse
  local-zone: "list.test." transparent
  local-zone: "dead.test." transparent
${wildcard("parked.test", "203.0.113.9")}${wildcard("everybody.test", "127.0.0.2")}${wildcard("refused.test", "127.255.255.254")}remote-control:
  control-enable: no
stub-zone:
  name: "list.test."
  stub-addr: ${upstream.replace(":", "@")}
stub-zone:
  name: "dead.test."
  stub-addr: 127.0.0.1@${dead}
`;
  return started("unbound", folder, (port) => {
    writeFileSync(join(folder, "unbound.conf"), configuration(port));
    return ["-d", "-c", join(folder, "unbound.conf")];
  });
}

async function started(
  program: string,
  folder: string,
  args: (port: number) => string[],
): Promise<NameServer> {
  const { port, stop } = await startServer({
    program,
    args,
    answers(port) {
      const resolver = new Resolver({ timeout: 500, tries: 1 });
      resolver.setServers([`127.0.0.1:${port}`]);
      return resolver.resolve4("2.0.0.127.list.test");
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
