import { BanList } from "../../src/index.js";
import { RedisStore } from "../../src/redis/index.js";
import { startFakeServer, type Reply } from "./fake-server.js";

let stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

/** A store whose server says that it is `seconds` later than here, or replies something else. */
async function storeAt(seconds: number, reply?: Reply) {
  const server = await startFakeServer((command) => {
    if (command === "EVALSHA") return ["0"];
    const now = Date.now() + seconds * 1000;
    return command === "TIME" ? (reply ?? [String(Math.floor(now / 1000)), "0"]) : undefined;
  });
  stops.push(() => server.stop());
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const store = new RedisStore({
    url: server.url,
    timeout: 900,
    logger: { info: say, warn: say, error: say },
  });
  stops.push(() => store.close());
  await store.ready();
  await store.ready();
  return { store, lines };
}

test.each([
  [300, /300 s behind|299 s behind/],
  [-300, /30[01] s ahead of/],
])(
  "a clock that differs by %s s from Redis's is announced once, and Redis's is used",
  async (seconds, said) => {
    const { store, lines } = await storeAt(seconds);
    expect(Math.abs(store.now() - (Date.now() + seconds * 1000))).toBeLessThan(60_000);
    expect(lines).toEqual([expect.stringMatching(said)]);
    expect(lines[0]).toMatch(/^WRN_BUNKER_CLOCK: /);
    const ban = await new BanList(store).add("8.8.8.8", { ttl: 60 }).catch(() => undefined);
    if (ban !== undefined) expect(Math.abs(ban.date.getTime() - store.now())).toBeLessThan(60_000);
  },
);

test.each([
  ["the same time", 0, undefined],
  ["a time that is none", 300, "soon"],
])("with %s the own clock is used, without a word", async (_name, seconds, reply) => {
  const { store, lines } = await storeAt(seconds, reply);
  expect(Math.abs(store.now() - Date.now())).toBeLessThan(60_000);
  expect(lines).toEqual([]);
});
