// A program for __tests__/bans/memory.test.ts: takes the memory of bans, or survives a flood, in a small process of its own.
import { createServer } from "node:http";
import { badBehavior, BanList, MemoryStore, type BunkerEvent } from "../../src/index.js";
import { BanIndex } from "../../src/bans/ban-index.js";
import { StoreScope } from "../../src/store/store-scope.js";

const BANS = 20_000;
const ROUND = 1000;

/** The address of the nth client, each in a network of its own. */
const clientAt = (index: number): string => {
  const text = (number: number): string => (number & 0xffff).toString(16);
  return `2a${((index >> 16) + 16).toString(16)}:${text(index)}:${text(index * 7)}:${text(index * 13)}::1`;
};

function held(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const NOTE = {
  date: "2026-01-01T00:00:00.000Z",
  id: "0123456789AB",
  method: "UNSUBSCR",
  path: "/".padEnd(64, "%E2%82%AC"),
  status: 404,
};

async function measure(): Promise<Record<string, number>> {
  let time = Date.UTC(2026, 0, 1);
  const store = new MemoryStore({ now: () => time });
  const bans = new BanList(store);
  const index = StoreScope.of(store).get(BanIndex);
  const add = async (from: number, to: number): Promise<void> => {
    for (let client = from; client < to; client++)
      await bans.addUnlessBanned(clientAt(client), {
        reason: "bad behavior",
        service: "www.example.com",
        ttl: 3600,
        data: [NOTE, NOTE, NOTE],
      });
  };
  await add(0, ROUND);
  const before = held();
  await add(ROUND, ROUND + BANS);
  const banned = held();
  // The bans end; what is left voids older passes.
  time += 3600_000 + 1;
  for (let swept = 0; swept < BANS; swept++) {
    store.set("ban:9.9.9.9", "x", 1);
    store.delete("ban:9.9.9.9");
  }
  const ended = held();
  const marks = index.size;
  return { ban: (banned - before) / BANS, ended: (ended - before) / BANS, marks };
}

function measureIndex(): Record<string, number> {
  const store = new MemoryStore();
  const index = StoreScope.of(store).get(BanIndex);
  const put = (from: number, to: number): void => {
    for (let client = from; client < to; client++) {
      index.put({
        ip: `${clientAt(client).slice(0, -3)}::/64`,
        reason: "bad behavior",
        scope: "service",
        service: "www.example.com",
        date: new Date(),
        expires: null,
        data: { text: "x".repeat(1000) },
        action: "deny",
      });
    }
  };
  put(0, ROUND);
  const before = held();
  put(ROUND, ROUND + BANS);
  return { index: (held() - before) / BANS, rows: index.size };
}

/** Ten bad answers to each of many clients: through the middleware, but without sockets, which would be most of the work. */
async function flood(clients: number): Promise<Record<string, number>> {
  const store = new MemoryStore();
  const guard = badBehavior({ store, logger: false, trustProxy: "loopback" });
  const faults: BunkerEvent[] = [];
  let banned = 0;
  guard.events.on("fault", (event) => {
    if (faults.length < 10) faults.push(event);
  });
  guard.events.on("banned", () => {
    banned++;
  });
  const server = createServer((req, res) => guard(req, res, () => void ((res.statusCode = 404), res.end())));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const { connect } = await import("node:net");
  const socket = connect(port, "127.0.0.1");
  let answered = 0;
  let wake = (): void => undefined;
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    const parts = (rest + chunk).split("HTTP/1.1 ");
    answered += parts.length - 1;
    rest = (parts.at(-1) as string).slice(-8);
    wake();
  });
  let sent = 0;
  for (let client = 0; client < clients; client++) {
    const path = `/${client}`.padEnd(200, "x");
    const one = `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${clientAt(client)}\r\n\r\n`;
    socket.write(one.repeat(10));
    sent += 10;
    while (sent - answered > 500) await new Promise<void>((resolve) => (wake = resolve));
  }
  while (answered < sent) await new Promise<void>((resolve) => (wake = resolve));
  socket.destroy();
  server.close();
  await guard.close();
  const { rss, heapUsed } = process.memoryUsage();
  return { answered, banned, faults: faults.length, rss, heapUsed };
}

const [what = "", count = "0"] = process.argv.slice(2);
const work = what === "ban" ? measure() : what === "index" ? measureIndex() : flood(Number(count));
void Promise.resolve(work).then((figures) => console.log(JSON.stringify(figures)));
