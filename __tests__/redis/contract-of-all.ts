import { describeStore, type StoreToCheck, type TestRunner } from "../../src/store/describe-store.js";
import { RedisStore } from "../../src/redis/index.js";
import { LIBRARIES, type Library, type TestClient } from "./clients.js";

/** Really waits, because Redis has its own clock; 5 ms more, because timers may fire a little early. */
const really = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 5));

/**
 * The clauses that wait for Redis's clock, by the beginnings of their names. They wait beside each other, before the other clauses
 * give Redis and this process anything to do.
 */
const WAITING = [
  "keeps a key without a time to live",
  "returns how many seconds",
  "never reads a key back",
  "accepts fractions",
  "replaces value and time to live",
  "adds a key only when",
  "removes a window",
  "lists, deletes and forgets",
  "writes a ban with its mark",
  "leaves expired",
];
/** The clauses that do something each part of a second: what others do meanwhile would make them late. */
const TIMED = ["restarts a counter's time", "slides the window", "stops counting a hit"];

const isIn = (list: readonly string[], name: string): boolean =>
  list.some((beginning) => name.startsWith(beginning));
const waits = (name: string): boolean => isIn(WAITING, name);

/** A clause of the kit on one client library, in steps. */
interface Clause {
  readonly open: () => Promise<void>;
  readonly check: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A test runner that collects the kit's tests instead of running them. */
class Collector {
  readonly tests = new Map<string, () => Promise<void>>();
  before: () => Promise<void> = () => Promise.resolve();
  after: () => Promise<void> = () => Promise.resolve();

  readonly describe = (_name: string, body: () => void): void => body();
  readonly beforeEach = (body: () => Promise<void>): void => void (this.before = body);
  readonly afterEach = (body: () => Promise<void>): void => void (this.after = body);
  readonly it = (name: string, body: () => Promise<void>): void => void this.tests.set(name, body);
}

/** Runs the contract kit on every client library, each test on all libraries at once. */
export function describeOnAllLibraries(
  where: string,
  open: (library: Library) => Promise<TestClient>,
  libraries: readonly Library[] = LIBRARIES,
): void {
  /** Defines the kit's tests for a library. Each call has a store of its own, so that several clauses may run at a time. */
  const collect = (library: Library, advance: (seconds: number) => Promise<void>): Collector => {
    const collector = new Collector();
    const create = async (): Promise<StoreToCheck> => {
      const { client, end } = await open(library);
      // The timeout is long because replies may be late on a busy machine; the kit does not test timeouts.
      const store = new RedisStore({ client, timeout: 900, fallback: false, logger: false });
      await store.ready();
      return { store, advance, cleanup: end };
    };
    describeStore(library.name, create, { runner: collector satisfies TestRunner });
    return collector;
  };
  const clauseOf = (name: string) => {
    const refuse = (): Promise<never> =>
      Promise.reject(new Error(`"${name}" waits: it belongs to WAITING or TIMED`));
    return (library: Library): Clause => {
      const collector = collect(library, waits(name) || isIn(TIMED, name) ? really : refuse);
      const check = collector.tests.get(name) as () => Promise<void>;
      return { open: collector.before, check, close: collector.after };
    };
  };
  const names = libraries[0] === undefined ? [] : [...collect(libraries[0], really).tests.keys()];

  describe(`RedisStore on ${where} keeps the store contract`, () => {
    const waited = new Map<string, Outcome[]>();

    beforeAll(async () => {
      // One of the kit's listeners throws, and the store emits a warning.
      jest.spyOn(process, "emitWarning").mockImplementation();
      const opened: [name: string, clauses: Clause[]][] = [];
      for (const name of names.filter(waits)) {
        const clauses = libraries.map(clauseOf(name));
        opened.push([name, clauses]);
        await inAll(clauses, ({ open }) => open());
      }
      await inAll(opened, async ([name, clauses]) => {
        waited.set(name, await outcomes(clauses, ({ check }) => check()));
      });
      for (const [, clauses] of opened) await inAll(clauses, ({ close }) => close());
    });
    afterAll(() => jest.restoreAllMocks());

    for (const name of names) {
      test(`${name} (${libraries.map((library) => library.name).join(", ")})`, async () => {
        // Hundreds of calls from each of four libraries at once would test the machine, not the store.
        const isAlone = name.includes("at once");
        const results =
          waited.get(name) ?? (await (isAlone ? oneByOne : together)(libraries.map(clauseOf(name))));
        const failed = results.flatMap((result, at) =>
          result.status === "rejected" ? [`${libraries[at]?.name}: ${String(result.reason)}`] : [],
        );
        expect(failed).toEqual([]);
        expect(results).toHaveLength(libraries.length);
      });
    }

    test("every clause that is said to wait exists", () => {
      const all = [...WAITING, ...TIMED];
      expect(all.filter((beginning) => !names.some((name) => name.startsWith(beginning)))).toEqual([]);
    });
  });
}

type Outcome = PromiseSettledResult<void>;

async function inAll<T>(list: readonly T[], step: (one: T) => Promise<void>): Promise<void> {
  await Promise.all(list.map(step));
}

function outcomes<T>(list: readonly T[], step: (one: T) => Promise<void>): Promise<Outcome[]> {
  return Promise.allSettled(list.map(step));
}

async function whole({ open, check, close }: Clause): Promise<void> {
  await open();
  try {
    await check();
  } finally {
    await close();
  }
}

function together(clauses: readonly Clause[]): Promise<Outcome[]> {
  return outcomes(clauses, whole);
}

async function oneByOne(clauses: readonly Clause[]): Promise<Outcome[]> {
  const results: Outcome[] = [];
  for (const clause of clauses) results.push(...(await together([clause])));
  return results;
}
