import { createServer, type AddressInfo, type Socket } from "node:net";

/** A reply in RESP2: a text, a number, null, an array of replies, or an error. */
export type Reply = string | number | null | Error | readonly Reply[];

/** A server that speaks Redis's protocol, and replies whatever it is told to. */
export interface FakeServer {
  readonly url: string;
  stop(): void;
}

/** Starts a server that replies to each command with what `answer` returns, or, for `undefined`, as a server without data would. */
export async function startFakeServer(
  answer: (command: string, args: readonly string[]) => Reply | undefined,
): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined).on("close", () => sockets.delete(socket)));
    let unread = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      unread += chunk;
      for (let read = readCommand(unread); read !== undefined; read = readCommand(unread)) {
        unread = unread.slice(read.length);
        const [command = "", ...args] = read.words;
        const name = command.toUpperCase();
        const reply = answer(name, args);
        // One reply for each channel.
        if (reply === undefined && name === "SUBSCRIBE")
          for (const [at, channel] of args.entries()) socket.write(write(["subscribe", channel, at + 1]));
        else socket.write(write(reply === undefined ? usual(name, args) : reply));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function usual(command: string, args: readonly string[]): Reply {
  if (command === "HELLO")
    return [
      "server",
      "redis",
      "version",
      "7.0.0",
      "proto",
      2,
      "id",
      1,
      "mode",
      "standalone",
      "role",
      "master",
    ];
  if (command === "INFO") return "redis_version:7.0.0\r\nrun_id:0123456789\r\nrole:master\r\nloading:0\r\n";
  if (command === "CLIENT" && args[0]?.toUpperCase() === "ID") return 7;
  if (command === "PUBLISH") return 1;
  return "OK";
}

// One command: an array of texts.
function readCommand(bytes: string): { words: string[]; length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(bytes);
  if (head === null) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let word = 0; word < Number(head[1]); word++) {
    const size = /^\$(\d+)\r\n/.exec(bytes.slice(at, at + 16));
    if (size === null) return undefined;
    const start = at + size[0].length;
    at = start + Number(size[1]) + 2;
    if (bytes.length < at) return undefined;
    words.push(bytes.slice(start, at - 2));
  }
  return { words, length: at };
}

function write(reply: Reply): string {
  if (reply === null) return "$-1\r\n";
  if (reply instanceof Error) return `-${reply.message}\r\n`;
  if (typeof reply === "number") return `:${reply}\r\n`;
  if (typeof reply === "string") return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
  return `*${reply.length}\r\n${reply.map(write).join("")}`;
}
