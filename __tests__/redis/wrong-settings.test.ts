import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bunker } from "../../src/index.js";
import { RedisStore, type RedisStoreOptions } from "../../src/redis/index.js";
import { freePort } from "../support/server-process.js";
import { until } from "../support/until.js";
import { LIBRARIES } from "./clients.js";
import { startRedis } from "./servers.js";

const PASSWORD = "a-secret-word";

let stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  stops = [];
});

/** What the log, `ready()` and `health()` say of a store; nobody sends a request. */
async function told(options: RedisStoreOptions): Promise<string[]> {
  const lines: string[] = [];
  const keep = (line: string): void => void lines.push(line);
  const store = new RedisStore({ logger: { info: keep, warn: keep, error: keep }, ...options });
  const guard = bunker({ store, logger: false, readyTimeout: 3 });
  stops.push(
    () => store.close(),
    () => guard.close(),
  );
  const rejected = await guard.ready().then(
    () => "ready() resolved",
    (error: unknown) => String(error),
  );
  await until(async () => {
    await store.increment("hit:8.8.8.8|x", 1, 60);
    return lines.length > 0;
  });
  const health = guard.health();
  expect(health.ok).toBe(false);
  const said = [lines[0] ?? "", rejected, health.protections["bans"]?.problems.join() ?? ""];
  expect(said.join()).not.toContain(PASSWORD);
  return said;
}

const run = promisify(execFile);

async function startTls(): Promise<{ port: number }> {
  const folder = await mkdtemp(join(tmpdir(), "bunker-tls-"));
  stops.push(() => rm(folder, { recursive: true, force: true }));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  await run("openssl", [
    ...request,
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
    "-keyout",
    key,
    "-out",
    cert,
  ]);
  const tls = await freePort();
  const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert];
  const server = await startRedis(["--tls-port", String(tls), "--tls-auth-clients", "no", ...files]);
  stops.push(() => server.stop("SIGKILL"));
  return { port: tls };
}

const all = (pattern: RegExp): unknown[] => Array(3).fill(expect.stringMatching(pattern));

describe("R39 what is wrong is said in its own words in the log, by ready() and by health()", () => {
  test("a wrong password, and none", async () => {
    const redis = await startRedis(["--requirepass", "right"]);
    stops.push(() => redis.stop("SIGKILL"));
    const wrong = redis.url.replace("//", `//:${PASSWORD}@`);
    expect(await told({ url: wrong })).toEqual(all(/refuses the user or password: WRONGPASS.*option "url"/));
    expect(await told({ url: redis.url })).toEqual(all(/wants a password: NOAUTH.*option "url"/));
  });

  test.each(LIBRARIES.filter(({ name }) => name.startsWith("ioredis")))(
    "a client of $name with a wrong password",
    async (library) => {
      const redis = await startRedis(["--requirepass", "right"]);
      stops.push(() => redis.stop("SIGKILL"));
      const { client, end } = await library.standalone(redis.url.replace("//", `//:${PASSWORD}@`));
      stops.push(end);
      expect(await told({ client })).toEqual(all(/(?:WRONGPASS|NOAUTH).*settings of "client"/));
    },
  );

  test("a closed port, and a name that nobody has", async () => {
    const port = await freePort();
    expect(await told({ url: `redis://127.0.0.1:${port}` })).toEqual(
      all(
        new RegExp(
          `nothing listens at that address: .*ECONNREFUSED 127.0.0.1:${port}.*host and port in the option "url"`,
        ),
      ),
    );
    expect(await told({ url: "redis://no-such-host.invalid:6379" })).toEqual(
      all(/host name is not known: .*no-such-host.invalid.*option "url"/),
    );
  });

  test("a port where another server listens", async () => {
    const web = createServer((_req, res) => res.end());
    await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
    stops.push(() => web.close());
    const url = `redis://127.0.0.1:${(web.address() as AddressInfo).port}`;
    // Which of the two comes first depends on what the client reads before the connection ends.
    expect(await told({ url })).toEqual(
      all(
        /(?:listens there is not Redis: Unknown RESP type|closed by the other end: Socket closed).*port in the option "url"/,
      ),
    );
  });

  test("a certificate that is not trusted, TLS to a plain port, and none to a TLS port", async () => {
    const { port } = await startTls();
    expect(await told({ url: `rediss://localhost:${port}` })).toEqual(
      all(/certificate of Redis is not trusted: .*self-signed certificate.*NODE_EXTRA_CA_CERTS/),
    );
    expect(await told({ url: `redis://localhost:${port}` })).toEqual(all(/closed by the other end.*rediss:/));
    const plain = await startRedis();
    stops.push(() => plain.stop("SIGKILL"));
    expect(await told({ url: plain.url.replace("redis:", "rediss:") })).toEqual(
      all(/cannot be reached: .*option "url".*speaks TLS/),
    );
  });
});
