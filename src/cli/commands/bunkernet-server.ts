import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { bunkernetServer, type BunkernetServerMiddleware } from "../../bunkernet-server/index.js";
import { messageOf } from "../../errors.js";
import { RedisStore } from "../../redis/index.js";
import { MemoryStore } from "../../store/memory-store.js";
import type { Command } from "../command.js";
import { CliError, EXIT, UsageError } from "../exit-code.js";
import type { Given } from "../arguments.js";
import { stopSignal } from "../stop-signal.js";
import type { Terminal } from "../terminal.js";
import { secondsIn } from "../time.js";

/** Runs a BunkerNet server of one's own. */
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
  async run(given, terminal) {
    const port = given.integer("port", 8080, 0, 65_535);
    const host = given.value("host") ?? "127.0.0.1";
    const options = {
      minInstances: given.integer("min-instances", 3, 1, 1000),
      window: lengthOf(given, "window"),
      minIdAge: lengthOf(given, "min-id-age"),
      trustProxy: given.value("trust-proxy"),
      secret: secretIn(given, "secret-file", /^[^]{32,}$/, "at least 32 characters"),
      ...adminOf(given),
    };
    const stop = stopSignal();
    const store = storeFor(given, terminal);
    const server = createServer();
    let handler: BunkernetServerMiddleware | undefined;
    try {
      handler = bunkernetServer({ ...options, store, logger: loggerOn(terminal) });
      server.on("request", handler);
      server.listen(port, host);
      await once(server, "listening");
      // It goes on trying by itself, and answers 503 until then.
      await handler
        .ready()
        .catch((error: unknown) => terminal.tell(`The store does not answer yet: ${messageOf(error)}`));
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

function storeFor(given: Given, terminal: Terminal): RedisStore | MemoryStore {
  const url = given.value("redis");
  if (url !== undefined) return new RedisStore({ url, prefix: given.value("prefix") ?? "bunkernet:" });
  terminal.tell("Votes and ids are kept in memory and are gone when this ends; --redis URL keeps them.");
  return new MemoryStore();
}

function loggerOn(terminal: Terminal): Record<"info" | "warn" | "error", (message: string) => void> {
  const tell = (message: string): void => terminal.tell(message);
  return { info: tell, warn: tell, error: tell };
}

function lengthOf(given: Given, option: string): number | undefined {
  const text = given.value(option);
  return text === undefined ? undefined : secondsIn(text, `--${option}`, "bunkernet-server");
}

function adminOf(given: Given): { admin?: { token: string } } {
  const token = secretIn(given, "admin-token-file", /^[!-~]{16,256}$/, "16 to 256 characters without spaces");
  return token === undefined ? {} : { admin: { token } };
}

// A secret on the command line would be seen by everybody who lists processes.
function secretIn(given: Given, option: string, rule: RegExp, what: string): string | undefined {
  const path = given.value(option);
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new CliError(`--${option}: ${messageOf(error)}`);
  }
  if (rule.test(text)) return text;
  throw new UsageError(`--${option}: ${path} must hold ${what}`, "bunkernet-server");
}
