import { bunker, type Bunker, type BunkerOptions, type Middleware } from "../../src/index.js";
import { metrics } from "../../src/metrics/index.js";
import { ask } from "../support/ask.js";
import { site, type SharedParts, type SiteSetUp, type TestSite } from "../support/site.js";

export const SECRET = "a secret of enough characters";

/** The samples of a metrics page: the value of each series, by its text. */
type Page = ReadonlyMap<string, number>;

/** Returns the series of a metrics page. */
export function seriesOf(text: string): Page {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space).replace(/^express_bunker_/, ""), Number(line.slice(space + 1))];
    }),
  );
}

/** Reads the metrics page of a site. */
export async function scrape(url: string): Promise<Page> {
  const { status, text } = await ask(url, "/metrics");
  if (status !== 200) throw new Error(`the metrics page has status ${status}`);
  return seriesOf(text);
}

/** Returns the sum of the series whose text starts with `name` and contains each of `parts`. */
export function sum(page: Page, name: string, ...parts: string[]): number {
  let total = 0;
  for (const [series, value] of page)
    if (series.split("{", 1)[0] === name && parts.every((part) => series.includes(part))) total += value;
  return total;
}

/** Mounts middleware at one path of any host. */
export function at(path: string, handler: (...args: Parameters<Middleware>) => void): Middleware {
  return (req, res, next) => {
    if ((req.url ?? "").split("?", 1)[0] === path) handler(req, res, next);
    else next();
  };
}

/** Starts a site behind `bunker()`, with its metrics at `/metrics`. BunkerNet is off unless `options` switch it on. */
export function meteredSite(
  options: (shared: SharedParts) => BunkerOptions,
  setUp: SiteSetUp<Bunker> = {},
): Promise<TestSite<Bunker>> {
  return site((shared) => bunker({ bunkernet: false, ...shared, ...options(shared) }), {
    mount: (guard) => [at("/metrics", metrics(guard)), guard],
    ...setUp,
  });
}
