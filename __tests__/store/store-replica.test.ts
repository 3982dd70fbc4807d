import { MemoryStore } from "../../src/store/memory-store.js";
import type { Namespace, StoreChange } from "../../src/store/store.js";
import { StoreReplica, type ReplicaTarget } from "../../src/store/store-replica.js";

const PAGE = 5000;

/** A store that lists two large pages, and is told how far its reader is. */
class PagedStore extends MemoryStore {
  onPage: (page: number) => void = () => undefined;

  async *pages(namespace: Namespace): AsyncGenerator<readonly StoreChange[], void, undefined> {
    for (let page = 0; page < 2; page++) {
      await Promise.resolve();
      yield Array.from({ length: PAGE }, (_, at) => {
        return { key: `${namespace}:${page * PAGE + at}`, value: "old", ttl: 0 };
      });
      this.onPage(page);
    }
  }
}

/** @param busy for how long each key keeps the process busy, in ms */
function replicaOf(store: PagedStore, busy = 0) {
  const copies = new Map<string, string | undefined>();
  const apply = ({ key, value }: StoreChange): void => {
    copies.set(key, value);
    const began = performance.now();
    while (performance.now() - began < busy);
  };
  const target: ReplicaTarget = { apply, beginRead: () => ({ entry: apply, end: () => undefined }) };
  return { copies, replica: new StoreReplica(store, [["state", ""]], target) };
}

test("pages are taken in slices, so that requests are served between them", async () => {
  const store = new PagedStore();
  const { copies, replica } = replicaOf(store, 0.1);
  const reading = replica.ready();
  let last = 0;
  let most = 0;
  let going = true;
  const look = (): void => {
    most = Math.max(most, copies.size - last);
    last = copies.size;
    if (going) setImmediate(look);
  };
  look();
  await reading;
  going = false;
  expect(copies.size).toBe(2 * PAGE);
  // Two milliseconds hold 20 keys of a tenth each, and every 16th key is asked for the time.
  expect(most).toBeLessThanOrEqual(36);
  replica.close();
  store.close();
});

test("a change while pages are read is newer than what they say", async () => {
  const store = new PagedStore();
  const { copies, replica } = replicaOf(store);
  store.onPage = (page) => {
    if (page === 0) store.set(`state:${PAGE + 7}`, "new");
  };
  await replica.ready();
  expect(copies.get(`state:${PAGE + 7}`)).toBe("new");
  expect(copies.get(`state:${PAGE + 8}`)).toBe("old");
  replica.close();
  store.close();
});
