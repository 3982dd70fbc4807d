import { RedisStore } from "../../src/redis/index.js";
import { DELETE, HIT, PAGE, PROBE, READ, WRITE, type Script } from "../../src/redis/scripts.js";
import { until } from "../support/until.js";
import { LIBRARIES } from "./clients.js";
import { startFakeServer, type Reply } from "./fake-server.js";

let stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

const NAMES = new Map<string, string>(
  Object.entries({ DELETE, HIT, PAGE, PROBE, READ, WRITE }).map(
    ([name, { sha }]: [string, Script<unknown>]) => [sha, name],
  ),
);

/** A store on a server that replies to a command or script (`HIT`, `PAGE`, …) with what is in `replies`. */
async function storeOn(replies: Record<string, Reply>, fallback = false) {
  const server = await startFakeServer((command, args) => {
    const name = command === "EVALSHA" ? (NAMES.get(args[0] ?? "") ?? "") : command;
    return name in replies ? replies[name] : command === "EVALSHA" ? 0 : undefined;
  });
  stops.push(() => server.stop());
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const store = new RedisStore({
    url: server.url,
    fallback,
    timeout: 900,
    logger: { info: say, warn: say, error: say },
  });
  stops.push(() => store.close());
  await store.ready();
  return { store, lines, server };
}

const failure = (text: RegExp) => ({
  code: "ERR_BUNKER_REDIS",
  message: expect.stringMatching(text) as unknown,
});

const drain = async (store: RedisStore): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of store.entries("ban")) found.push(key);
  return found;
};

const CALLS: [string, Record<string, Reply>, (store: RedisStore) => Promise<unknown>][] = [
  ["hit: a text", { HIT: "OK" }, (store) => store.hit("hit:8.8.8.8|x", 60, 5)],
  ["hit: a number that is not -1", { HIT: 3 }, (store) => store.hit("hit:8.8.8.8|x", 60, 5)],
  ["hit: nothing", { HIT: null }, (store) => store.hit("hit:8.8.8.8|x", 60, 5)],
  ["hit: an empty array", { HIT: [] }, (store) => store.hit("hit:8.8.8.8|x", 60, 5)],
  ["hit: a count that is none", { HIT: ["many", "note"] }, (store) => store.hit("hit:8.8.8.8|x", 60, 5)],
  ["hit: a note that is an array", { HIT: [1, ["note"]] }, (store) => store.hit("hit:8.8.8.8|x", 60, 5)],
  ["set: a text", { WRITE: "OK" }, (store) => store.set("ban:8.8.8.8", "{}", 60)],
  ["set: another number", { WRITE: 7 }, (store) => store.set("ban:8.8.8.8", "{}", 60)],
  ["add: nothing", { WRITE: null }, (store) => store.add("spent:8.8.8.8|a", "1", 60)],
  ["increment: an empty array", { WRITE: [] }, (store) => store.increment("cache:8.8.8.8|a", 1, 60)],
  ["delete: a text", { DELETE: "OK" }, (store) => store.delete("ban:8.8.8.8")],
  ["get: a number", { GET: 7 }, (store) => store.get("ban:8.8.8.8")],
  ["get: an array", { GET: ["{}"] }, (store) => store.get("ban:8.8.8.8")],
  ["ttl: a text", { PTTL: "soon" }, (store) => store.ttl("ban:8.8.8.8")],
  ["ttl: less than -2", { PTTL: -3 }, (store) => store.ttl("ban:8.8.8.8")],
  ["a page that is a number", { PAGE: 0 }, drain],
  ["a page that is empty", { PAGE: [] }, drain],
  ["a page with half a key", { PAGE: ["0", "8.8.8.8", 60_000] }, drain],
  ["a page with a time that is none", { PAGE: ["0", "8.8.8.8", "soon", "{}"] }, drain],
  ["a page with a value that is none", { PAGE: ["0", "8.8.8.8", 60_000, 7] }, drain],
  ["a page without a cursor", { PAGE: ["next", "8.8.8.8", 60_000, "{}"] }, drain],
  ["pages without an end", { PAGE: ["1"] }, drain],
];

test.each(CALLS)("a wrong reply is a failure of the store that says so: %s", async (_name, replies, call) => {
  const { store } = await storeOn(replies);
  await expect(call(store)).rejects.toMatchObject(
    failure(/the reply is not one of Redis: expected .*, got /),
  );
});

test("a full answer of the server itself is still one: -1 refuses a spent id", async () => {
  const { store } = await storeOn({ WRITE: -1 });
  await expect(store.add("spent:8.8.8.8|a", "1", 60)).rejects.toMatchObject({
    code: "ERR_BUNKER_STORE_FULL",
  });
});

test("wrong replies count as failures: the outage begins, counting goes on here, and a wrong probe does not end it", async () => {
  const replies: Record<string, Reply> = { HIT: "OK", PROBE: "OK" };
  const { store, lines } = await storeOn(replies, true);
  for (let count = 1; count <= 5; count++)
    expect((await store.hit("hit:8.8.8.8|x", 60, 10)).count).toBe(count);
  await until(() => lines.length > 0);
  expect(lines).toEqual([
    expect.stringMatching(
      /^WRN_BUNKER_REDIS: .*the reply is not one of Redis: expected .*, got the text "OK"/,
    ),
  ]);
  await expect(store.ttl("hit:8.8.8.8|x")).rejects.toMatchObject(failure(/Redis is away/));
});

test.each(LIBRARIES.map((library) => [library.name, library] as const))(
  "a wrong reply is none of Redis, with a client of %s",
  async (_name, library) => {
    const server = await startFakeServer((command) => (command === "EVALSHA" ? "OK" : undefined));
    stops.push(() => server.stop());
    const { client, end } = await library.standalone(server.url);
    stops.push(end);
    const store = new RedisStore({ client, fallback: false, timeout: 900, logger: false });
    stops.push(() => store.close());
    await store.ready();
    await expect(store.hit("hit:8.8.8.8|x", 60, 5)).rejects.toMatchObject(failure(/the hits of a window/));
  },
);
