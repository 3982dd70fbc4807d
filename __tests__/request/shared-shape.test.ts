import type { IncomingMessage, ServerResponse } from "node:http";
import { setFlagsFromString } from "node:v8";
import { bunker, type Middleware } from "../../src/index.js";
import { plainSite, serve, type Host, HOSTS } from "../support/hosts.js";
import { ask } from "../support/ask.js";
import { site } from "../support/site.js";

type Pair = readonly [IncomingMessage, ServerResponse];

setFlagsFromString("--allow-natives-syntax");
// eslint-disable-next-line @typescript-eslint/no-implied-eval -- no other way to ask V8
const haveSameShape = new Function("a", "b", "return %HaveSameMap(a, b)") as (
  a: object,
  b: object,
) => boolean;

/** What an object consists of: the names and flags of its own properties without their order, and of its prototype's. */
function partsOf(object: object): object {
  const names = Reflect.ownKeys(object).map(String).sort();
  const flags = Reflect.ownKeys(object).map((name) => {
    const own = Object.getOwnPropertyDescriptor(object, name);
    return [name, own?.writable, own?.enumerable, own?.configurable, own?.get !== undefined]
      .map(String)
      .join(" ");
  });
  const inherited = Object.getOwnPropertyNames(Object.getPrototypeOf(object)).sort();
  return { names, flags: flags.sort(), inherited };
}

/** Sends one request through `middlewares` and returns what `take` makes of it behind them. */
async function behind<T>(
  host: Host,
  middlewares: readonly Middleware[],
  take: (...pair: Pair) => T,
): Promise<T> {
  let taken: T | undefined;
  const app = host.app(middlewares, (req, res) => {
    taken = take(req, res);
    plainSite(req, res);
  });
  const served = await serve(app);
  await ask(served.url, "/a/page?x=1", { headers: { Cookie: "a=b" } });
  await served.close();
  return taken as T;
}

const guarded = (): ReturnType<typeof bunker> => bunker({ bunkernet: false, logger: false, antibot: false });

test.each(HOSTS)("$name: request and response keep their properties and prototypes", async (host) => {
  const guard = guarded();
  const parts = (req: IncomingMessage, res: ServerResponse): object[] => [partsOf(req), partsOf(res)];
  expect(await behind(host, [guard], parts)).toEqual(
    await behind(host, [(_req, _res, next) => next()], parts),
  );
  await guard.close();
});

test.each(HOSTS)("$name: request and response stay linked as the host linked them", async (host) => {
  const guard = guarded();
  const links = (req: IncomingMessage, res: ServerResponse): boolean[] => [
    (req as { res?: unknown }).res === res,
    Object.hasOwn(req, "res"),
    res.req === req,
  ];
  expect(await behind(host, [guard], links)).toEqual(await behind(host, [], links));
  await guard.close();
});

test("a link that is not a plain property of its own is left alone", async () => {
  const guard = guarded();
  const accessor: Middleware = (req, res, next) => {
    Object.defineProperty(res, "req", { get: () => req, configurable: true, enumerable: true });
    next();
  };
  const kept = await behind(HOSTS[0] as Host, [accessor, guard], (_req, res) =>
    Object.getOwnPropertyDescriptor(res, "req"),
  );
  expect(kept).toMatchObject({ get: expect.any(Function) });
  await guard.close();
});

test.each(HOSTS)(
  "$name: behind the middleware all requests share one shape, and all responses",
  async (host) => {
    const held: Pair[] = [];
    let together = 1;
    const { url } = await site((shared) => bunker({ ...shared, bunkernet: false, antibot: false }), {
      host,
      behind: (req, res) => {
        held.push([req, res]);
        if (held.length < together) return;
        const [[firstReq, firstRes]] = held as [Pair];
        const same = held.every(([a, b]) => haveSameShape(a, firstReq) && haveSameShape(b, firstRes));
        for (const [, one] of held.splice(0)) one.end(String(same));
      },
    });
    // The first requests are still learning which types the properties have.
    for (let i = 0; i < 10; i++) await ask(url, "/");
    together = 4;
    const answers = await Promise.all(Array.from({ length: together }, () => ask(url, "/")));
    expect(answers.map(({ text }) => text)).toEqual(["true", "true", "true", "true"]);
  },
);
