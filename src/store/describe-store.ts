import { COUNTING, EXACT_COUNTING } from "./contract/counting.js";
import { newContractContext, type Clause, type ContractContext } from "./contract/clause.js";
import { LISTING, WATCHING } from "./contract/listing.js";
import { VALUES } from "./contract/values.js";
import type { Store } from "./store.js";
import type { Awaitable } from "../awaitable.js";

/** A fresh store to check, as {@link describeStore} asks for before each test. */
export interface StoreToCheck {
  store: Store;
  /**
   * Lets so many seconds (fractions too) go by for the store: moves its clock, or waits where the clock cannot be moved.
   * All calls together ask for about 20 seconds, one test for 6 at most, unless `exactClock` is set.
   */
  advance(seconds: number): Awaitable<void>;
  /** Called after the test and after the store's own `close`. */
  cleanup?(): Awaitable<void>;
}

/** The functions of a test runner that {@link describeStore} needs. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
  readonly beforeEach: (body: () => Promise<void>) => unknown;
  readonly afterEach: (body: () => Promise<void>) => unknown;
}

/** What {@link describeStore} may be told about a store and the test runner. */
export interface DescribeStoreOptions {
  /**
   * Default: the runner's globals, as Jest, Mocha and Vitest with `globals: true` have them. With node:test or without
   * globals, pass `{ describe, it, beforeEach, afterEach }`.
   */
  runner?: TestRunner;
  /** Whether the store has `watch`. Default true. */
  watch?: boolean;
  /** Whether the store's clock moves with `advance` alone; then windows are checked to the millisecond. Default false. */
  exactClock?: boolean;
}

/**
 * Checks with the tests of the runner in use that a store keeps the {@link Store} contract, the atomic operations
 * under concurrent calls included.
 *
 * @param name what the tests are listed under
 * @param create makes a store, for each test anew; it may hold other keys
 * @throws {TypeError} when there is no test runner
 */
export function describeStore(
  name: string,
  create: () => Awaitable<StoreToCheck>,
  options: DescribeStoreOptions = {},
): void {
  const { describe, it, beforeEach, afterEach } = options.runner ?? runnerInGlobals();
  const clauses: readonly Clause[] = [
    ...VALUES,
    ...COUNTING,
    ...(options.exactClock === true ? EXACT_COUNTING : []),
    ...LISTING,
    ...(options.watch === false ? [] : WATCHING),
  ];
  describe(`${name} keeps the store contract`, () => {
    let checked: StoreToCheck | undefined;
    let subject: ContractContext | undefined;

    beforeEach(async () => {
      checked = subject = undefined;
      const made = (checked = await create());
      if (typeof made.advance !== "function") throw new TypeError("create() must answer { store, advance }");
      subject = newContractContext(made.store, (seconds) => made.advance(seconds));
    });
    afterEach(async () => {
      await checked?.store.close?.();
      await checked?.cleanup?.();
    });
    for (const clause of clauses) {
      it(clause.name, async () => {
        if (subject === undefined) throw new Error("the store could not be made");
        await clause.check(subject);
      });
    }
  });
}

function runnerInGlobals(): TestRunner {
  const found = globalThis as Partial<TestRunner> & { test?: TestRunner["it"] };
  const { describe, it = found.test, beforeEach, afterEach } = found;
  if (describe === undefined || it === undefined || beforeEach === undefined || afterEach === undefined) {
    throw new TypeError(
      "describeStore found no test runner: call it in a test file, or pass { runner: { describe, it, beforeEach, afterEach } }",
    );
  }
  return { describe, it, beforeEach, afterEach };
}
