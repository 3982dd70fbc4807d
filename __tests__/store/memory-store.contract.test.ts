import { describeStore } from "../../src/store/describe-store.js";
import { MemoryStore } from "../../src/store/index.js";
import { Clock } from "../support/clock.js";

// One of the kit's listeners throws, and the store says so.
beforeAll(() => void jest.spyOn(process, "emitWarning").mockImplementation());
afterAll(() => jest.restoreAllMocks());

describeStore(
  "MemoryStore",
  () => {
    const clock = new Clock();
    return { store: new MemoryStore({ now: clock.now }), advance: (seconds) => clock.advance(seconds) };
  },
  { exactClock: true },
);

describeStore(
  "MemoryStore on node-cache",
  () => {
    const clock = new Clock();
    const store = new MemoryStore({ now: clock.now, engine: "node-cache" });
    return { store, advance: (seconds) => clock.advance(seconds) };
  },
  { exactClock: true },
);
