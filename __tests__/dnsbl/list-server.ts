import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNameServer, startUnbound, type NameServer } from "../support/name-server.js";
import { freePort } from "../support/server-process.js";

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

/** The test entry of a list that works (RFC 5782). */
const LISTED = "2.0.0.127.list.test";

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
  return startNameServer({
    program: "rbldnsd",
    folder,
    args: (port) => [
      ...["-n", ...user, "-b", `127.0.0.1/${port}`, "-w", folder],
      ...[...zones, "other.test:ip4trie:other"],
    ],
    knows: LISTED,
  });
}

/**
 * Starts unbound, a resolver: `list.test` comes from `upstream`, `dead.test` from a server that is not there (SERVFAIL),
 * `parked.test` answers everything with a web server's address, `everybody.test` lists everybody, `refused.test` says what
 * Spamhaus says to public resolvers.
 */
export async function startResolver(upstream: string): Promise<NameServer> {
  const dead = await freePort();
  const wildcard = (zone: string, answer: string): string =>
    `  local-zone: "${zone}." redirect\n  local-data: "${zone}. 60 IN A ${answer}"\n`;
  return startUnbound(
    `  do-not-query-localhost: no
  local-zone: "." refuse
  local-zone: "list.test." transparent
  local-zone: "dead.test." transparent
${wildcard("parked.test", "203.0.113.9")}${wildcard("everybody.test", "127.0.0.2")}${wildcard("refused.test", "127.255.255.254")}
stub-zone:
  name: "list.test."
  stub-addr: ${upstream.replace(":", "@")}
stub-zone:
  name: "dead.test."
  stub-addr: 127.0.0.1@${dead}`,
    LISTED,
  );
}
