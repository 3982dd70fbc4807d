import { bunker, MemoryStore, type BunkerOptions } from "../../src/index.js";
import { ask, NAVIGATION } from "../support/ask.js";
import { EXPRESS, plainSite, serve } from "../support/hosts.js";

/** Serves a site, makes one visit, and answers what the log said once `last` was among it. */
async function logOf(options: BunkerOptions, host: string, last: RegExp): Promise<string[]> {
  const lines: string[] = [];
  let told: () => void = () => undefined;
  const complete = new Promise<void>((resolve) => (told = resolve));
  const write = (message: string): void => {
    lines.push(message);
    if (last.test(message)) told();
  };
  const guard = bunker({
    bunkernet: false,
    store: new MemoryStore(),
    sessions: { secret: "a secret of enough characters" },
    antibot: { challenge: "cookie" },
    logger: { info: write, warn: write, error: write },
    ...options,
  });
  const served = await serve(EXPRESS.app([guard], plainSite));
  const got = await ask(served.url, "/page", { from: "9.9.9.9", headers: { ...NAVIGATION, Host: host } });
  expect(got.status).toBe(200);
  await complete;
  await served.close();
  await guard.close();
  return lines;
}

test("detect mode logs what would have been done, and what every protection had to say", async () => {
  const lines = await logOf({ mode: "detect" }, "site.test", /^express-bunker: why /);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^express-bunker: would have challenged 9\.9\.9\.9 .* reason="no pass" /);
  const id = / id=(\w+) /.exec(lines[0] as string)?.[1] as string;
  expect(lines[1]).toMatch(
    new RegExp(
      `^express-bunker: why ${id} ip=9.9.9.9 steps=\\["bans: pass, .*"antibot: challenge, no pass"\\]$`,
    ),
  );
});

test("a service in detect mode is heard of though the others block", async () => {
  const services = { "watched.test": { mode: "detect" }, "guarded.test": {} } as const;
  const lines = await logOf({ services }, "watched.test", /^express-bunker: why /);
  expect(lines[0]).toMatch(/^express-bunker: would have challenged 9\.9\.9\.9 service=watched\.test /);
});
