import { createSocket, type RemoteInfo, type Socket } from "node:dgram";

/** What to answer: addresses, a code (3 = NXDOMAIN, 2 = SERVFAIL, 5 = REFUSED), nothing, or something worse. */
export type Reply =
  | { readonly a: readonly string[] }
  | { readonly rcode: number }
  | "silence"
  | "garbage"
  | "truncated"
  | "other id"
  | "other question"
  | "twice";

/** A UDP server on loopback that answers what it is told to. */
export interface HostileServer {
  readonly server: string;
  /** Names asked so far. */
  readonly asked: string[];
  /** Decides each answer; may be changed at any time. */
  answer: (name: string) => Reply;
  /** Holds each answer for so many ms. */
  delay: number;
  close(): Promise<void>;
}

/** What a sound list says of its test entries, and NXDOMAIN for everything else. */
export const soundList = (name: string): Reply =>
  name.startsWith("2.0.0.127.") ? { a: ["127.0.0.2"] } : { rcode: 3 };

/** Starts a server that, until told otherwise, is a sound list. */
export async function startHostile(): Promise<HostileServer> {
  const socket = createSocket("udp4");
  const made: HostileServer = {
    server: "",
    asked: [],
    answer: soundList,
    delay: 0,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
  socket.on("message", (query, from) => {
    const name = nameOf(query);
    made.asked.push(name);
    const reply = made.answer(name);
    if (made.delay === 0) respond(socket, query, from, reply);
    else setTimeout(() => respond(socket, query, from, reply), made.delay).unref();
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return Object.assign(made, { server: `127.0.0.1:${socket.address().port}` });
}

function respond(socket: Socket, query: Buffer, from: RemoteInfo, reply: Reply): void {
  const send = (message: Buffer): void => {
    try {
      socket.send(message, from.port, from.address);
    } catch {
      // The test is over and the socket closed.
    }
  };
  const listing = message(query, 0, ["127.0.0.2"]);
  if (reply === "silence") return;
  if (reply === "garbage") send(Buffer.from("this is no DNS message, though it is long enough"));
  else if (reply === "truncated") send(flagged(message(query, 0, []), 2, 0x02));
  else if (reply === "other id") send(flagged(listing, 0, 0xff));
  else if (reply === "other question") send(message(renamed(query), 0, ["127.0.0.2"]));
  else if (reply === "twice") for (let copy = 0; copy < 2; copy++) send(listing);
  else if ("a" in reply) send(message(query, 0, reply.a));
  else send(message(query, reply.rcode, []));
}

function nameOf(query: Buffer): string {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  // Some resolvers mix upper and lower case, to be harder to spoof.
  return labels.join(".").toLowerCase();
}

function message(query: Buffer, rcode: number, addresses: readonly string[]): Buffer {
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header[2] = 0x84;
  header[3] = 0x80 | rcode;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  const records = addresses.map((address) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split(".").map(Number)]),
  );
  return Buffer.concat([header, question(query), ...records]);
}

function question(query: Buffer): Buffer {
  let at = 12;
  while ((query[at] ?? 0) > 0) at += (query[at] ?? 0) + 1;
  return query.subarray(12, at + 5);
}

function flagged(reply: Buffer, at: number, bits: number): Buffer {
  reply[at] = (reply[at] ?? 0) ^ bits;
  return reply;
}

function renamed(query: Buffer): Buffer {
  const copy = Buffer.from(query);
  copy[13] = (copy[13] ?? 0) ^ 1;
  return copy;
}
