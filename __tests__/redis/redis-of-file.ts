import { startRedis, type RedisServer } from "./servers.js";

/** The redis-server of a test file, and what ends with each test. */
interface FileRedis {
  /** It runs, and is empty, when a test begins. */
  readonly redis: RedisServer;
  /** What a test puts in is called when the test ends, the last first. */
  readonly stops: (() => unknown)[];
}

/** Has a redis-server run for all tests of the calling file. */
export function redisOfFile(): FileRedis {
  let server: RedisServer;
  const stops: (() => unknown)[] = [];
  beforeAll(async () => void (server = await startRedis()));
  afterAll(() => server.stop("SIGKILL"));
  beforeEach(() => server.cli("flushall"));
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  const redis: RedisServer = {
    get url() {
      return server.url;
    },
    get port() {
      return server.port;
    },
    get child() {
      return server.child;
    },
    cli: (...args) => server.cli(...args),
    stop: (signal) => server.stop(signal),
  };
  return { redis, stops };
}
