import { describeStore, type StoreToCheck, type TestRunner } from "../../src/store/describe-store.js";
import { RedisStore } from "../../src/redis/index.js";
import { LIBRARIES, type Library, type TestClient } from "./clients.js";

/** Really waits, because Redis has its own clock; 5 ms more, because timers may fire a little early. */
const really = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 5));

/** A test runner that collects the kit's tests instead of running them, so that all clients can wait at the same time. */
class Collector {
  readonly tests = new Map<string, () => Promise<void>>();
  private before: (() => Promise<void>) | undefined;
  private after: (() => Promise<void>) | undefined;

  readonly describe = (_name: string, body: () => void): void => body();
  readonly beforeEach = (body: () => Promise<void>): void => void (this.before = body);
  readonly afterEach = (body: () => Promise<void>): void => void (this.after = body);
  readonly it = (name: string, body: () => Promise<void>): void => {
    this.tests.set(name, async () => {
      await this.before?.();
      try {
        await body();
      } finally {
        await this.after?.();
      }
    });
  };
}

/** Runs the contract kit on every client library, each test on all libraries at once. */
export function describeOnAllLibraries(
  where: string,
  open: (library: Library) => Promise<TestClient>,
  libraries: readonly Library[] = LIBRARIES,
): void {
  const collectors = libraries.map((library) => {
    const collector = new Collector();
    const create = async (): Promise<StoreToCheck> => {
      const { client, end } = await open(library);
      // The timeout is long because replies may be late on a busy machine; the kit does not test timeouts.
      const store = new RedisStore({ client, timeout: 900, fallback: false, logger: false });
      await store.ready();
      return { store, advance: really, cleanup: end };
    };
    describeStore(library.name, create, { runner: collector satisfies TestRunner });
    return { name: library.name, tests: collector.tests };
  });

  describe(`RedisStore on ${where} keeps the store contract`, () => {
    // One of the kit's listeners throws, and the store emits a warning.
    beforeAll(() => void jest.spyOn(process, "emitWarning").mockImplementation());
    afterAll(() => jest.restoreAllMocks());

    for (const name of collectors[0]?.tests.keys() ?? []) {
      test(`${name} (${libraries.map((library) => library.name).join(", ")})`, async () => {
        // Hundreds of calls from each of four libraries at once would test the machine, not the store.
        const together = !name.includes("at once");
        const results: PromiseSettledResult<unknown>[] = [];
        for (const { tests } of together ? [] : collectors)
          results.push(...(await Promise.allSettled([tests.get(name)?.()])));
        if (together)
          results.push(
            ...(await Promise.allSettled(collectors.map(async ({ tests }) => tests.get(name)?.()))),
          );
        const failed = results.flatMap((result, at) =>
          result.status === "rejected" ? [`${collectors[at]?.name}: ${String(result.reason)}`] : [],
        );
        expect(failed).toEqual([]);
      });
    }
  });
}
