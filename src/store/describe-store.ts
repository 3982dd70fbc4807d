import { COUNTING, EXACT_COUNTING } from "./contract/counting.js";
import { newContractContext, type Clauses, type ContractContext } from "./contract/clause.js";
import { LISTING, WATCHING } from "./contract/listing.js";
import { TALLYING } from "./contract/tallying.js";
import { VALUES } from "./contract/values.js";
import type { Store } from "./store.js";
import type { Awaitable } from "../awaitable.js";

/** A new store to check, as the `create` function of {@link describeStore} returns it before each test. */
export interface StoreToCheck {
  store: Store;
  /**
   * Lets this many seconds (fractions allowed) pass for the store: moves its clock, or waits if the clock cannot be moved.
   * All calls together add up to about 20 seconds, and to at most 6 in one test, unless `exactClock` is set.
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

/** Options of {@link describeStore}. */
export interface DescribeStoreOptions {
  /**
   * The functions of the test runner. Default: its globals, as in Jest, Mocha and Vitest with `globals: true`. With node:test
   * or without globals, pass `{ describe, it, beforeEach, afterEach }`.
   */
  runner?: TestRunner;
  /** Whether the store has `watch`. Default true. */
  watch?: boolean;
  /** Whether the store's clock moves only with `advance`; windows are then checked to the millisecond. Default false. */
  exactClock?: boolean;
}

/**
 * Defines tests that check that a store keeps the {@link Store} contract, including its atomic operations under concurrent
 * calls.
 *
 * @param name the name of the test suite
 * @param create called before each test; returns a store, which may already hold other keys
 * @throws {TypeError} if there is no test runner
 */
export function describeStore(
  name: string,
  create: () => Awaitable<StoreToCheck>,
  options: DescribeStoreOptions = {},
): void {
  const { describe, it, beforeEach, afterEach } = options.runner ?? runnerInGlobals();
  const clauses: Clauses = {
    ...VALUES,
    ...COUNTING,
    ...(options.exactClock === true ? EXACT_COUNTING : {}),
    ...TALLYING,
    ...LISTING,
    ...(options.watch === false ? {} : WATCHING),
  };
  describe(`${name} keeps the store contract`, () => {
    let checked: StoreToCheck | undefined;
    let context: ContractContext | undefined;

    beforeEach(async () => {
      checked = context = undefined;
      const made = (checked = await create());
      if (typeof made.advance !== "function") throw new TypeError("create() must return { store, advance }");
      context = newContractContext(made.store, (seconds) => made.advance(seconds));
    });
    afterEach(async () => {
      await checked?.store.close?.();
      await checked?.cleanup?.();
    });
    for (const [requirement, check] of Object.entries(clauses)) {
      it(requirement, async () => {
        if (context === undefined) throw new Error("the store could not be created");
        await check(context);
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
