import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { bunkernetServer, type BunkernetServerMiddleware } from "../../bunkernet-server/index.js";
import { messageOf } from "../../errors.js";
import { RedisStore } from "../../redis/index.js";
import { MemoryStore } from "../../store/memory-store.js";
import type { Args, Command } from "../command.js";
import { CliError, EXIT, UsageError } from "../exit-code.js";
import { stopSignal } from "../stop-signal.js";
import type { Terminal } from "../terminal.js";
import { printable } from "../../printable.js";

export const bunkernetServerCommand: Command = {
  name: "bunkernet-server",
  takes: "",
  operands: [0, 0],
  summary: "runs a BunkerNet server of your own, until Ctrl-C",
  options: [
    { name: "port", value: "N", help: "the port; 0 = a free one (default: 8080)" },
    { name: "host", value: "ADDRESS", help: "the address it listens on (default: 127.0.0.1)" },
    { name: "redis", value: "URL", help: "keeps votes and ids in this Redis (default: in memory)" },
    { name: "prefix", value: "TEXT", help: 'what its keys in Redis start with (default: "bunkernet:")' },
    { name: "min-instances", value: "N", help: "voters that list an address (default: 3)" },
    { name: "window", value: "TIME", help: "how long a report counts: 7d (default: 7d)" },
    { name: "min-id-age", value: "TIME", help: "how old an id must be to vote (default: 1d)" },
    { name: "trust-proxy", value: "LIST", help: "the proxies in front: addresses, or loopback" },
    { name: "admin-token-file", value: "FILE", help: "holds the token for reading and vetoing the list" },
    {
      name: "secret-file",
      value: "FILE",
      help: "holds what ids are signed with (default: made, in the store)",
    },
  ],
  notes: [
    "It speaks plain HTTP: put a proxy with TLS in front of it, and name that proxy with --trust-proxy.",
  ],
  examples: ["bunkernet-server --redis redis://127.0.0.1 --admin-token-file /run/secrets/admin"],
  async run(args, terminal) {
    const port = args.integer("port", 8080, 0, 65_535);
    const host = args.value("host") ?? "127.0.0.1";
    const token = secretIn(
      args,
      "admin-token-file",
      /^[!-~]{16,256}$/,
      "16 to 256 characters without spaces",
    );
    const options = {
      minInstances: args.integer("min-instances", 3, 1, 1000),
      window: args.duration("window"),
      minIdAge: args.duration("min-id-age"),
      trustProxy: args.value("trust-proxy"),
      secret: secretIn(args, "secret-file", /^[^]{32,}$/, "at least 32 characters"),
      admin: token === undefined ? undefined : { token },
    };
    const log = (message: string): void => terminal.note(message);
    const logger = { info: log, warn: log, error: log };
    const stop = stopSignal();
    const store = storeFor(args, terminal);
    const server = createServer();
    let handler: BunkernetServerMiddleware | undefined;
    try {
      handler = bunkernetServer({ ...options, store, logger });
      server.on("request", handler);
      server.listen(port, host);
      await once(server, "listening");
      // It retries by itself and responds with 503 until then.
      await handler
        .ready()
        .catch((error: unknown) =>
          terminal.note(printable(`The store does not answer yet: ${messageOf(error)}`)),
        );
      const { address, port: taken, family } = server.address() as AddressInfo;
      const name = family === "IPv6" ? `[${address}]` : address;
      terminal.print(`The BunkerNet server listens on http://${name}:${taken}/`);
      await stop.promise;
    } finally {
      stop.done();
      server.close();
      server.closeAllConnections();
      await handler?.close();
      store.close();
    }
    return EXIT.ok;
  },
};

function storeFor(args: Args, terminal: Terminal): RedisStore | MemoryStore {
  const url = args.value("redis");
  if (url !== undefined) return new RedisStore({ url, prefix: args.value("prefix") ?? "bunkernet:" });
  terminal.note("Votes and ids are kept in memory and are gone when this ends; --redis URL keeps them.");
  return new MemoryStore();
}

// The command lines of processes are visible to every user of the machine, so secrets come from files.
function secretIn(args: Args, option: string, rule: RegExp, what: string): string | undefined {
  const path = args.value(option);
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new CliError(`--${option}: ${messageOf(error)}`);
  }
  if (rule.test(text)) return text;
  throw new UsageError(`--${option}: ${path} must hold ${what}`);
}
