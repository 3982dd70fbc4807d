import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BadBehavior, badBehavior, MemoryStore } from "../../src/index.js";
import { ask } from "../support/ask.js";
import { EXPRESS, serve, type Served } from "../support/hosts.js";
import { site as startSite, type TestSite } from "../support/site.js";

const FIXTURES = join(__dirname, "../fixtures");
const PAGES = new Set(["/", "/about", "/assets/site.css", "/assets/site.js"]);
let served: Served | undefined;

afterEach(() => served?.close());

function site(): Promise<TestSite<BadBehavior>> {
  return startSite((shared) => badBehavior({ ...shared, logger: false }), {
    behind: (req, res) => {
      res.statusCode = PAGES.has(req.url ?? "") ? 200 : 404;
      res.end();
    },
  });
}

test("a scanner's list of well-known paths is cut off at the tenth 404", async () => {
  const paths = readFileSync(join(FIXTURES, "scanner-paths.txt"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("/"));
  expect(paths.length).toBeGreaterThan(300);
  const { url, guard } = await site();
  const statuses: number[] = [];
  for (const path of paths.slice(0, 60)) statuses.push((await ask(url, path, { from: "9.9.9.9" })).status);
  expect(statuses.indexOf(403)).toBe(10);
  expect(new Set(statuses.slice(10))).toEqual(new Set([403]));
  expect((await guard.bans.get("9.9.9.9"))?.reason).toBe("bad behavior");
});

test("an ordinary visit with missing icons is not banned", async () => {
  interface Visit {
    method?: string;
    path?: string;
    url?: string;
    status?: number;
  }
  const file = JSON.parse(readFileSync(join(FIXTURES, "ordinary-visit.json"), "utf8")) as
    Visit[] | { requests: Visit[] };
  const requests = Array.isArray(file) ? file : file.requests;
  const guard = badBehavior({ logger: false, store: new MemoryStore() });
  const answers = new Map(requests.map((request) => [request.path ?? request.url, request.status ?? 200]));
  served = await serve(
    EXPRESS.app([guard], (req, res) => {
      res.statusCode = answers.get(req.url ?? "") ?? 200;
      res.end();
    }),
  );
  let missing = 0;
  for (const request of requests) {
    const got = await ask(served.url, (request.path ?? request.url) as string, {
      method: request.method ?? "GET",
      from: "8.8.8.8",
    });
    expect(got.status).not.toBe(403);
    if (got.status === 404) missing++;
  }
  expect(missing).toBeGreaterThan(3);
  expect(await guard.bans.list()).toEqual([]);
});
